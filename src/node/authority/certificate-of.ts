import { HansaError } from '../../schema/errors.ts'
import { decodePem } from '../../wire/x509/pem.ts'

/** DER of the first certificate in a PEM text. Throws KEY_MISSING. */
export function certificateOf(pem: string): Uint8Array {
  try {
    const [certificate] = decodePem('CERTIFICATE', pem)
    if (certificate !== undefined) return certificate
  } catch (cause) {
    throw new HansaError('KEY_MISSING', 'a certificate of the authority cannot be read', {}, cause)
  }
  throw new HansaError('KEY_MISSING', 'a certificate of the authority is missing')
}
