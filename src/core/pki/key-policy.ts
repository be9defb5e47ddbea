import type { Verify } from '../crypto.ts'
import { hex } from '../ids/hex.ts'
import { peerIdOf } from '../ids/peer-id.ts'
import type { Evidence } from './evidence.ts'
import { type KeyKind, keyKindOf, REQUEST_ALGORITHM } from './key-kind.ts'
import { refused, type Refused } from './refused.ts'

/** A key whose possession has been proved and that may be certified. */
export interface Possession {
  readonly ok: true
  readonly kind: KeyKind
  /** PeerId of an Ed25519 key, otherwise empty. */
  readonly peer: string
  readonly keyId: string
}

/** Points of small order on Curve25519 in every encoding, the sign bit cleared: a signature under one says nothing of who made it. */
const SMALL_ORDER = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`
])

/**
 * draft 3.1.1: is the key held by the applicant, and does it meet what is asked of keys? `samePeer`: the key must be the one that the transport proved. The checks that cost
 * nothing come before the signature.
 */
export function reviewKey(evidence: Evidence, verify: Verify, samePeer: boolean): Possession | Refused {
  const { csr, keyId } = evidence
  const kind = keyKindOf(csr.spki)
  if (kind === undefined) return refused('KEY_REFUSED', 'the key of the request is neither Ed25519 nor P-256 with an uncompressed point')
  if (kind === 'ed25519' && isSmallOrder(csr.spki)) return refused('KEY_REFUSED', 'the key of the request is weak: a point of small order')
  if (csr.signatureAlgorithm !== REQUEST_ALGORITHM[kind])
    return refused('CSR_INVALID', `a request for a key of the kind ${kind} that is signed with another algorithm than ${REQUEST_ALGORITHM[kind]}`)
  const peer = peerIdOf(csr.spki) ?? ''
  if (samePeer && evidence.peer !== undefined && evidence.peer !== peer)
    return refused('CSR_INVALID', 'the key of the request is not the key of the node that sent it')
  if (!verify(csr.spki, csr.info, csr.signature, kind === 'p256' ? 'ecdsa-sha256' : 'ed25519'))
    return refused('CSR_INVALID', 'the request is not signed by the key that it is for')
  if (evidence.blocked(keyId)) return refused('KEY_REFUSED', 'this key may never be certified again: it was given up as compromised')
  if (evidence.caKey(keyId)) return refused('KEY_REFUSED', 'this key belongs to a CA')
  return { ok: true, kind, peer, keyId }
}

function isSmallOrder(spki: Uint8Array): boolean {
  const point = spki.slice(-32)
  point[31] = (point[31] ?? 0) & 0x7f
  return SMALL_ORDER.has(hex(point))
}
