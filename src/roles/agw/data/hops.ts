import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type Hop, type HopSchema, type RelayTrailer, RelayTrailerSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { RelayCall } from './relay-call.ts'

/** 16 gateways and the agent's node, with room. */
const MAX_HOPS_TOLD = 24

/** SPIFFE IDs of nodes are shorter. */
const MAX_NAME = 512

export function trailerOf(hops: readonly MessageInitShape<typeof HopSchema>[]): Uint8Array {
  return toBinary(RelayTrailerSchema, create(RelayTrailerSchema, { hops: [...hops] }))
}

/** Puts this gateway before those behind it, so that the list reads in the order of the path. */
export function addHops(call: RelayCall, trailer: Uint8Array, ms: number): void {
  call.incoming.setTrailer(trailerOf([{ gateway: call.self.spiffeId, ms }, ...hopsOf(trailer)]))
}

/** What the nodes behind say of their times. It is information only: what cannot be read is left out, the call has succeeded. */
export function hopsOf(trailer: Uint8Array): Hop[] {
  let message: RelayTrailer
  try {
    message = fromBinary(RelayTrailerSchema, trailer)
  } catch {
    return []
  }
  return message.hops.slice(0, MAX_HOPS_TOLD).filter((hop) => hop.gateway.length <= MAX_NAME && Number.isFinite(hop.ms) && hop.ms >= 0)
}
