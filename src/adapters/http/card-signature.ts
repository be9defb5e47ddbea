import type { JsonObject } from '@bufbuild/protobuf'
import canonicalize from 'canonicalize'
import { HansaError } from '../../schema/errors.ts'

/** The gateway's key and certificate, for the cards that it serves. */
export interface CardSigner {
  /** SPIFFE ID of the gateway. */
  readonly spiffeId: string
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[]
  /** Ed25519. */
  sign(data: Uint8Array): Uint8Array
}

/**
 * A card with the gateway's signature (A2A 8.4): JWS (RFC 7515) over the canonical form (RFC 8785) of the card without signatures. `kid` is the SPIFFE ID and
 * `x5c` the chain that proves it, so who holds the root needs nothing else. Members that are empty are left out first: implementations do not agree whether those
 * are part of the canonical form. `beside`: members that A2A 1.0 does not know; readers keep them or drop them before they check, so each of the two has a signature.
 */
export function signCard(card: JsonObject, signer: CardSigner, beside: JsonObject = {}): string {
  const { signatures: _, ...whole } = card
  const unsigned = withoutEmpty(whole) as JsonObject
  const extra = (withoutEmpty(beside) ?? {}) as JsonObject
  const all = { ...unsigned, ...extra }
  const signatures = Object.keys(extra).length === 0 ? [signatureOf(unsigned, signer)] : [signatureOf(all, signer), signatureOf(unsigned, signer)]
  return JSON.stringify({ ...all, signatures })
}

function signatureOf(unsigned: JsonObject, signer: CardSigner): JsonObject {
  const canonical = canonicalize(unsigned)
  if (canonical === undefined) throw new HansaError('INTERNAL', 'a card that is no JSON')
  const x5c = signer.chain.map((der) => Buffer.from(der).toString('base64'))
  const head = base64Url(JSON.stringify({ alg: 'EdDSA', typ: 'JOSE', kid: signer.spiffeId, x5c }))
  const signature = signer.sign(new TextEncoder().encode(`${head}.${base64Url(canonical)}`))
  return { protected: head, signature: Buffer.from(signature).toString('base64url') }
}

function base64Url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** Undefined for what is empty itself. Cards are no deeper than the codec allows. */
function withoutEmpty(value: unknown): unknown {
  if (value === '' || value === null || value === undefined) return undefined
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const kept = value.map(withoutEmpty).filter((each) => each !== undefined)
    return kept.length === 0 ? undefined : kept
  }
  const kept = Object.entries(value).flatMap(([key, each]) => {
    const one = withoutEmpty(each)
    return one === undefined ? [] : [[key, one] as const]
  })
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}
