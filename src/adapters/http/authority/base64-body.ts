import { HansaError } from '../../../schema/errors.ts'

/** Base64 with its padding (RFC 4648 4); line breaks and blanks between are passed over, as RFC 8951 3.1 wants it. Throws MALFORMED, naming `what`. */
export function decodeBase64(text: string, what: string): Uint8Array {
  const digits = text.replace(/[\r\n\t ]/g, '')
  if (digits === '' || digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) throw new HansaError('MALFORMED', `${what} is not base64`)
  return new Uint8Array(Buffer.from(digits, 'base64'))
}

/** Base64 in lines of 64 characters. */
export function encodeBase64(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return lines.map((line) => `${line}\r\n`).join('')
}
