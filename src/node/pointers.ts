import type { Pointers } from '../ports/issuer.ts'

/**
 * Where the status of what a CA (`CaSigner.id`) issues is to be had, under the origin of an ACA's door. Each CA has addresses of its own: certificates outlive the CA that signs
 * now. Undefined where no origin is known, or one of another scheme than http (RFC 5280 4.2.1.13).
 */
export function leafPointers(origin: string | undefined, id: string): Pointers | undefined {
  if (origin === undefined || !origin.startsWith('http://')) return undefined
  const base = `${origin.replace(/[/]+$/, '')}/aca`
  const short = shortCaId(id)
  return { crl: `${base}/crl/${short}.crl`, ocsp: `${base}/ocsp`, issuer: `${base}/ca/${short}.cer` }
}

/** How a CA is named in addresses and directories. */
export function shortCaId(id: string): string {
  return id.slice(0, 16)
}
