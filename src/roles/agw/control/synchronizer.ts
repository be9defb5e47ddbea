import { fromBinary } from '@bufbuild/protobuf'
import type { SyncedDelta } from '../../../core/sync/entry.ts'
import type { Change } from '../../../core/sync/origin-state.ts'
import type { Outcome, Replica } from '../../../core/sync/replica.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import type { Verdict } from '../../../ports/pubsub.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type Delta, type SyncGossip, SyncGossipSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { MAX_GOSSIP_BYTES, TOPICS } from '../../../wire/topics.ts'
import { checkDelta } from './check-delta.ts'
import type { ControlDeps } from './control-deps.ts'

type Checked = ReturnType<typeof checkDelta>

/** Failures that say nothing against who passed a message on: he may list other domains or not have heard of a revocation. */
const INNOCENT: ReadonlySet<string> = new Set(['UNKNOWN_DOMAIN', 'CERTIFICATE_EXPIRED', 'CERTIFICATE_REVOKED'])

/** A gossip message is one flush of one gateway; several deltas are allowed for, not many. */
const MAX_GOSSIP_DELTAS = 16

export interface SynchronizerEvents {
  changed(changes: readonly Change[]): void
  /** Something before a delta of this origin is missing. */
  gap(origin: string): void
}

/** Brings deltas of others into the replica, each verified before it is looked at (draft 3.4.2). */
export class Synchronizer {
  readonly #deps: ControlDeps
  readonly #replica: Replica
  readonly #events: SynchronizerEvents
  /** Who signed what is held of an origin, to drop it when the certificate is revoked. */
  readonly #signers = new Map<string, PeerIdentity>()
  /** Verified by validate, taken by deliver. */
  readonly #verified = new WeakMap<Uint8Array, Checked[]>()

  constructor(deps: ControlDeps, replica: Replica, events: SynchronizerEvents) {
    this.#deps = deps
    this.#replica = replica
    this.#events = events
  }

  /** Takes part in gossip. Call once. */
  subscribe(): void {
    this.#deps.pubsub.subscribe(
      TOPICS.sync,
      (data) => this.validate(data),
      (data) => this.#deliver(data)
    )
  }

  /** The verdict on a gossip message: only what is verified as a whole is passed on. */
  validate(data: Uint8Array): Verdict {
    try {
      this.#verified.set(data, this.#verify(data))
      return 'accept'
    } catch (error) {
      const innocent = error instanceof HansaError && INNOCENT.has(error.code)
      this.#deps.log.debug({ error }, innocent ? 'gossip ignored' : 'gossip rejected')
      return innocent ? 'ignore' : 'reject'
    }
  }

  /** Applies deltas from a neighbour's answer or push; returns true when anything was new. Throws what verification throws. */
  take(deltas: readonly Delta[]): boolean {
    let news = false
    for (const delta of deltas) {
      if (this.#isOwn(delta.origin) || this.#replica.knows(delta)) continue
      const outcome = this.#check(delta, false)
      if (outcome?.kind === 'applied') news = true
      else if (outcome?.kind === 'refused') this.#deps.log.warn({ origin: delta.origin, reason: outcome.reason }, 'delta refused')
    }
    return news
  }

  /** The gateway's own changes, just signed. */
  takeOwn(delta: SyncedDelta): void {
    this.#report(delta.origin, this.#replica.apply(delta, this.#deps.clock.monotonic(), true))
  }

  /** Origins whose signer's certificate no longer holds. */
  distrusted(): string[] {
    return [...this.#signers].filter(([, signer]) => !this.#holds(signer)).map(([origin]) => origin)
  }

  forget(origin: string): void {
    this.#signers.delete(origin)
  }

  #deliver(data: Uint8Array): void {
    const deltas = this.#verified.get(data) ?? this.#verify(data)
    for (const checked of deltas) if (!this.#isOwn(checked.delta.origin)) this.#apply(checked, true)
  }

  #verify(data: Uint8Array): Checked[] {
    if (data.length > MAX_GOSSIP_BYTES) throw new HansaError('FRAME_TOO_LARGE', 'a gossip message above its bound', { bound: MAX_GOSSIP_BYTES })
    const gossip = decode(data)
    if (gossip.deltas.length > MAX_GOSSIP_DELTAS) throw new HansaError('MALFORMED', `${gossip.deltas.length} deltas in one gossip message`)
    return gossip.deltas.map((delta) => checkDelta(delta, this.#deps.records))
  }

  /** A delta of a domain that is not listed here is skipped: the neighbour may list more than we do. */
  #check(delta: Delta, strict: boolean): Outcome | undefined {
    try {
      return this.#apply(checkDelta(delta, this.#deps.records), strict)
    } catch (error) {
      if (error instanceof HansaError && INNOCENT.has(error.code)) return undefined
      throw error
    }
  }

  /** Signers are kept of what is held only: who is refused costs nothing. */
  #apply({ delta, signer }: Checked, strict: boolean): Outcome {
    const outcome = this.#replica.apply(delta, this.#deps.clock.monotonic(), strict)
    if (signer !== undefined && outcome.kind === 'applied') this.#signers.set(delta.origin, signer)
    this.#report(delta.origin, outcome)
    return outcome
  }

  #report(origin: string, outcome: Outcome): void {
    if (outcome.kind === 'applied') this.#events.changed(outcome.changes)
    else if (outcome.kind === 'gap') this.#events.gap(origin)
  }

  /** Our own state of an earlier life, or forged: nobody tells us what we have. */
  #isOwn(origin: string): boolean {
    return origin === this.#deps.identities.self()?.spiffeId
  }

  #holds(signer: PeerIdentity): boolean {
    try {
      this.#deps.identities.check(signer)
      return true
    } catch {
      return false
    }
  }
}

function decode(data: Uint8Array): SyncGossip {
  try {
    return fromBinary(SyncGossipSchema, data)
  } catch (cause) {
    throw new HansaError('MALFORMED', 'a gossip message that cannot be decoded', {}, cause)
  }
}
