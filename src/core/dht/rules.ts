import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { Sha256 } from '../crypto.ts'
import type { Role } from '../ids/role.ts'

/** Largest DHT value. A network constant: every holder must agree, else a record lives at some of them only. */
export const MAX_VALUE_BYTES = 16 * 1024
/** Longest life of a record; holders drop values after 48 hours anyway, a week leaves room for that to change. */
const MAX_LIFETIME_MS = 7 * 86_400_000
/** How far the signer's clock may be ahead of the holder's. */
const MAX_AHEAD_MS = 300_000

/** Is the record consistent in itself: chain up to its own root, signature, type? Throws when it is not (ports/records.ts). */
export type Consistent = <S extends DescMessage>(
  schema: S,
  record: SignedRecord
) => {
  readonly message: MessageShape<S>
  readonly signer: { readonly domain: string; readonly spiffeId: string; readonly roles: readonly Role[] }
  /** SHA-256 of the chain's root certificate. */
  readonly root: Uint8Array
}

/** What the rules of a namespace are made with. */
export interface RuleInput {
  readonly consistent: Consistent
  readonly sha256: Sha256
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * What a node that stores DHT records holds them to. It need not have listed their domains: a record must be consistent in itself, signed by a registration server of
 * its domain, stand under the key of its own name and root, and be newer than what is stored. Readers trust listed roots only.
 */
export interface Rules {
  validate(key: string, value: Uint8Array, stored: Uint8Array | undefined): void
  select(key: string, values: readonly Uint8Array[]): number
}

/** What every kind of record says of itself. */
export interface Facts {
  /** The key under which the record belongs. */
  readonly key: string
  readonly domain: string
  readonly signer: { readonly domain: string; readonly spiffeId: string; readonly roles: readonly Role[] }
  readonly sequence: bigint
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Makes the rules of a namespace; `read` checks that a record is consistent in itself and returns what it says. */
export function rulesFor(read: (record: SignedRecord) => Facts, now: () => number): Rules {
  /** Throws FRAME_TOO_LARGE, MALFORMED, SIGNATURE_INVALID, INVALID_ARGUMENT, RECORD_STALE. */
  function review(key: string, value: Uint8Array): Facts {
    if (value.length > MAX_VALUE_BYTES)
      throw new HansaError('FRAME_TOO_LARGE', `a DHT record of ${value.length} bytes; the bound is ${MAX_VALUE_BYTES}`, { bound: MAX_VALUE_BYTES })
    const facts = read(decode(value))
    const { signer, domain, issuedAt, expiresAt } = facts
    if (facts.key !== key) throw new HansaError('INVALID_ARGUMENT', 'a DHT record under a key that is not its own')
    if (signer.domain !== domain || !signer.roles.includes('ars'))
      throw new HansaError('SIGNATURE_INVALID', `${signer.spiffeId} is no registration server of ${domain}`)
    if (expiresAt <= now()) throw new HansaError('RECORD_STALE', 'a DHT record that has expired')
    if (issuedAt > now() + MAX_AHEAD_MS || expiresAt - issuedAt > MAX_LIFETIME_MS)
      throw new HansaError('INVALID_ARGUMENT', 'a DHT record with impossible times')
    return facts
  }

  function attempt(key: string, value: Uint8Array): Facts | undefined {
    try {
      return review(key, value)
    } catch {
      return undefined
    }
  }

  return {
    validate(key, value, stored) {
      const facts = review(key, value)
      // What is stored and no longer stands (it has expired) gives way to anything that does.
      const held = stored === undefined ? undefined : attempt(key, stored)
      if (held !== undefined && facts.sequence < held.sequence) throw new HansaError('RECORD_STALE', 'a newer DHT record is stored')
    },
    select(key, values) {
      const sequences = values.map((value) => attempt(key, value)?.sequence ?? -1n)
      return sequences.reduce((best, sequence, index) => (sequence > (sequences[best] ?? -1n) ? index : best), 0)
    }
  }
}

function decode(value: Uint8Array): SignedRecord {
  try {
    return fromBinary(SignedRecordSchema, value)
  } catch (cause) {
    throw new HansaError('MALFORMED', 'a DHT value that is no signed record', {}, cause)
  }
}
