import { HansaError } from '../../schema/errors.ts'

/** Text form of DER (RFC 7468), such as label CERTIFICATE or X509 CRL. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der.buffer, der.byteOffset, der.byteLength)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** All blocks with the label, in order; text between them is passed over. Throws MALFORMED when there is none. */
export function decodePem(label: string, text: string): Uint8Array[] {
  const blocks = [...text.matchAll(new RegExp(`-----BEGIN ${label}-----\\s([A-Za-z0-9+/=\\s]*?)-----END ${label}-----`, 'g'))]
  if (blocks.length === 0) throw new HansaError('MALFORMED', `no PEM block ${label}`)
  return blocks.map(([, base64 = '']) => new Uint8Array(Buffer.from(base64, 'base64')))
}
