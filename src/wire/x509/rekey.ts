/** What signatures of an old key over a request for a new one are for, and for nothing else. */
export const REKEY_DOMAIN = 'hansa/aca/rekey/1\n'

/** The bytes that the old key signs so that its holder may have a certificate for another key (RekeyRequest.proof): the request itself proves the new one. */
export function rekeyBytes(csr: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(REKEY_DOMAIN)
  const bytes = new Uint8Array(head.length + csr.length)
  bytes.set(head)
  bytes.set(csr, head.length)
  return bytes
}
