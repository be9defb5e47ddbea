import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type HopSchema, type RelayTrailer, RelayTrailerSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { RelayCall } from './relay-call.ts'

/** 16 gateways and the agent's node, with room. */
const MAX_HOPS_TOLD = 24

/** Translations of one call: two directions, a few languages. A bound of gateway.proto. */
const MAX_TRANSLATIONS = 8

/** SPIFFE IDs of nodes are shorter. */
const MAX_NAME = 512

/** Puts this gateway before those behind it, so that the list reads in the order of the path. */
export function addHops(call: RelayCall, trailer: Uint8Array, ms: number): void {
  const { hops, translations } = trailerFrom(trailer)
  call.hops.push({ gateway: call.self.spiffeId, ms }, ...hops)
  call.translated.push(...translations)
}

/** The trailer of a call that has ended: what the nodes behind said, and what was done here. */
export function trailerOf({
  hops,
  translated
}: {
  readonly hops: readonly MessageInitShape<typeof HopSchema>[]
  readonly translated: RelayCall['translated']
}): Uint8Array {
  return toBinary(RelayTrailerSchema, create(RelayTrailerSchema, { hops: [...hops], translations: translated.slice(0, MAX_TRANSLATIONS) }))
}

/** What the nodes behind say of their times and translations. It is information only: what cannot be read is left out, the call has succeeded. */
export function trailerFrom(bytes: Uint8Array): Pick<RelayTrailer, 'hops' | 'translations'> {
  let message: RelayTrailer
  try {
    message = fromBinary(RelayTrailerSchema, bytes)
  } catch {
    return { hops: [], translations: [] }
  }
  return {
    hops: message.hops.slice(0, MAX_HOPS_TOLD).filter((hop) => hop.gateway.length <= MAX_NAME && Number.isFinite(hop.ms) && hop.ms >= 0),
    translations: message.translations
      .slice(0, MAX_TRANSLATIONS)
      .filter(({ gateway, from, to, engine }) => [gateway, from, to, engine].every((text) => text.length <= MAX_NAME))
  }
}
