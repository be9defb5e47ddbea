import { INBOX_BOUNDS } from '../../../core/inbox/inbox-bounds.ts'

/** How messages wait for agents that are offline (core/inbox). */
export interface InboxSettings {
  readonly enabled: boolean
  /** How long a message waits at most, in milliseconds; up to 7 days. */
  readonly ttlMs: number
  /** Messages that wait for one agent, and their bytes. */
  readonly perAgent: number
  readonly bytesPerAgent: number
  /** Messages that wait in all. */
  readonly total: number
}

/** Settings of the gateway's data plane. Times in milliseconds. */
export interface DataSettings {
  /** What listed domains may reach (core/access): handles with `*`, capabilities, or `*` for all. */
  readonly export: readonly string[]
  /** Gateways that a call beginning here may pass, this one included; 1 to 16. */
  readonly hopLimit: number
  /** Calls that one principal may have open here at a time. */
  readonly callsPerPrincipal: number
  /** Calls open here at a time in all. */
  readonly calls: number
  /** Discovery requests of one principal at the foreign doors. */
  readonly discovery: { readonly limit: number; readonly periodMs: number; readonly burst: number }
  /** How long this gateway's word for a principal holds; at most 10 minutes (MAX_ASSERTION_MS). */
  readonly assertionMs: number
  /** Whether translated texts keep what they were, in the metadata of their part. */
  readonly keepOriginal: boolean
  readonly inbox: InboxSettings
  /** How long open calls may go on when the gateway stops. */
  readonly drainMs: number
}

export const DATA_DEFAULTS: DataSettings = {
  export: ['*'],
  // The draft's networks are two or three gateways deep; 16 is the largest the header allows and costs nothing when unused.
  hopLimit: 16,
  // All clients on the gateway's own machine are one principal, so this is their concurrency together.
  callsPerPrincipal: 512,
  // At most two fragments of 64 KiB are in memory per call: 512 MiB when every peer stalls at once, a few KiB per call otherwise.
  calls: 4096,
  // One a second suffices a person and an orchestrator that caches; a flood is cut at its first minute.
  discovery: { limit: 60, periodMs: 60_000, burst: 60 },
  // Short enough that a revoked member is forgotten soon everywhere, long enough that signatures cost nothing per message.
  assertionMs: 300_000,
  // Who doubts a translation can look.
  keepOriginal: true,
  // A day: a laptop comes back from the night.
  inbox: { enabled: true, ttlMs: 86_400_000, perAgent: INBOX_BOUNDS.perAgent, bytesPerAgent: INBOX_BOUNDS.bytesPerAgent, total: INBOX_BOUNDS.total },
  // A supervisor that sends SIGTERM waits 10 s before SIGKILL.
  drainMs: 5_000
}
