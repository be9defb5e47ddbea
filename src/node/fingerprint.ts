import { sha256 } from '../adapters/system/crypto.ts'
import { HansaError } from '../schema/errors.ts'

/** SHA256: and lower-case hex of a certificate (DER): what people compare and type. */
export function fingerprint(der: Uint8Array): string {
  return `SHA256:${Buffer.from(sha256(der)).toString('hex')}`
}

/** The 32 bytes of a fingerprint, which may have colons and capitals as other tools print it. Throws INVALID_ARGUMENT. */
export function parseFingerprint(text: string): Uint8Array {
  const hex = /^SHA256:([0-9a-fA-F:]{64,95})$/.exec(text)?.[1]?.replaceAll(':', '') ?? ''
  if (hex.length !== 64) throw new HansaError('INVALID_ARGUMENT', 'not a fingerprint; SHA256: and 64 hex digits are wanted', { argument: 'root' })
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
