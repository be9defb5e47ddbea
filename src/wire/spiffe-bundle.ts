import { base64Encode } from '@bufbuild/protobuf/wire'
import { hex } from '../core/ids/hex.ts'
import { parseCertificate } from './x509/certificate.ts'
import { HansaError } from '../schema/errors.ts'

export interface SpiffeBundle {
  /** Grows with each change. */
  readonly sequence: bigint
  /** Milliseconds. */
  readonly refreshHintMs: number
  /** Roots, DER. */
  readonly roots: readonly Uint8Array[]
}

/** Heads of a SubjectPublicKeyInfo (RFC 8410, RFC 5480), hex, with what a JWK calls the key that follows. */
const KEYS = [
  { head: '302a300506032b6570032100', kty: 'OKP', crv: 'Ed25519', bytes: 32, halves: false },
  { head: '3059301306072a8648ce3d020106082a8648ce3d03010703420004', kty: 'EC', crv: 'P-256', bytes: 64, halves: true },
  { head: '3076301006072a8648ce3d020106052b8104002203620004', kty: 'EC', crv: 'P-384', bytes: 96, halves: true }
] as const

/**
 * The trust bundle of a domain for SPIFFE implementations (SPIFFE Trust Domain and Bundle, 4: a JWK set of X.509 authorities), JSON. A sequence above 2^53 - 1 cannot be
 * written. Throws INVALID_ARGUMENT for that, and for a root whose key is none of Ed25519, P-256, P-384.
 */
export function writeSpiffeBundle({ sequence, refreshHintMs, roots }: SpiffeBundle): string {
  if (sequence > BigInt(Number.MAX_SAFE_INTEGER)) throw new HansaError('INVALID_ARGUMENT', 'the sequence of a trust bundle is too large for JSON')
  const bundle = {
    keys: roots.map((root) => ({ use: 'x509-svid', ...jwkOf(parseCertificate(root).spki), x5c: [base64Encode(root)] })),
    spiffe_sequence: Number(sequence),
    spiffe_refresh_hint: Math.max(1, Math.round(refreshHintMs / 1000))
  }
  return JSON.stringify(bundle, null, 2)
}

function jwkOf(spki: Uint8Array): Record<string, string> {
  for (const { head, kty, crv, bytes, halves } of KEYS) {
    const start = head.length / 2
    if (spki.length !== start + bytes || hex(spki.subarray(0, start)) !== head) continue
    const key = spki.subarray(start)
    if (!halves) return { kty, crv, x: base64Encode(key, 'url') }
    return { kty, crv, x: base64Encode(key.subarray(0, bytes / 2), 'url'), y: base64Encode(key.subarray(bytes / 2), 'url') }
  }
  throw new HansaError('INVALID_ARGUMENT', 'a root whose key is neither Ed25519 nor P-256 nor P-384')
}
