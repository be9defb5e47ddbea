import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { SyncEntry } from '../../schema/generated/hansa/v1/gateway_pb.ts'

/** A verified entry with the signed record it came in, which is what is passed on. */
export interface SyncedEntry {
  readonly entry: SyncEntry
  readonly record: SignedRecord
}

/** A delta whose entries have been verified: all of `origin` and `epoch`. */
export interface SyncedDelta {
  readonly origin: string
  readonly epoch: bigint
  readonly from: bigint
  readonly to: bigint
  readonly entries: readonly SyncedEntry[]
}

/** Key of the origin's own NodeInfo. */
export const GATEWAY_KEY = 'gateway'

/** Key of the origin's links. */
export const LINKS_KEY = 'links'

const AGENT_PREFIX = 'agent/'

export function agentKey(resourceId: string): string {
  return AGENT_PREFIX + resourceId
}

/** The resource ID in an agent's key; undefined for other keys. */
export function resourceIdOf(key: string): string | undefined {
  return key.startsWith(AGENT_PREFIX) ? key.slice(AGENT_PREFIX.length) : undefined
}

/** Bytes of a record on the wire, a little rounded up, without encoding it. */
export function sizeOf(record: SignedRecord): number {
  return record.chain.reduce((sum, certificate) => sum + certificate.length + 8, record.payload.length + record.signature.length + record.type.length + 32)
}
