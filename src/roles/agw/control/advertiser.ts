import { create, toBinary } from '@bufbuild/protobuf'
import { Author, type AuthoredValue } from '../../../core/sync/author.ts'
import { sizeOf, type SyncedEntry } from '../../../core/sync/entry.ts'
import { HansaError } from '../../../schema/errors.ts'
import { SyncEntrySchema, SyncGossipSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { MAX_GOSSIP_BYTES, TOPICS } from '../../../wire/topics.ts'
import type { ControlDeps } from './control-deps.ts'

/** Changes of one moment go out together: a gateway that restarts gets all its agents back within milliseconds of each other. */
const GATHER_MS = 20

/** Room in a gossip message for the head of the delta. */
const GOSSIP_HEAD_BYTES = 2_400

const TABLE = 'agw'
const EPOCH_KEY = 'epoch'

/** Takes the gateway's own signed changes, `from` being the version before the first. */
export type OwnChanges = (epoch: bigint, from: bigint, entries: readonly SyncedEntry[]) => void

/** Says to everybody what this gateway has: signs each change and gossips it (draft 3.3.1, 3.4.2). */
export class Advertiser {
  readonly #deps: ControlDeps
  readonly #apply: OwnChanges
  #author: Author | undefined
  #serial = ''
  #waiting: (() => void) | undefined
  #flushing = false

  constructor(deps: ControlDeps, apply: OwnChanges) {
    this.#deps = deps
    this.#apply = apply
  }

  /** Begins an epoch later than any before. Throws UNAUTHENTICATED without a certificate, STORE_FAILED. */
  async start(): Promise<void> {
    const self = this.#deps.identities.self()
    if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'a gateway needs a certificate before it can advertise anything')
    this.#serial = self.serial
    this.#author = new Author(self.spiffeId, await this.#nextEpoch())
  }

  stop(): void {
    this.#waiting?.()
    this.#waiting = undefined
    this.#author = undefined
  }

  set(key: string, value: AuthoredValue): void {
    this.#author?.set(key, value)
    this.#later()
  }

  delete(key: string): void {
    this.#author?.delete(key)
    this.#later()
  }

  value(key: string): AuthoredValue | undefined {
    return this.#author?.value(key)
  }

  /** Signs everything again under a new certificate before the old one ends: those who come later could not verify it. */
  tick(): void {
    if (this.#author !== undefined && this.#deps.identities.self()?.serial !== this.#serial) void this.#flush()
  }

  #later(): void {
    if (this.#author === undefined) return
    this.#waiting ??= this.#deps.clock.after(GATHER_MS, () => {
      this.#waiting = undefined
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    // One at a time: an epoch must be on disk before its first version is given out.
    if (this.#flushing) return this.#later()
    this.#flushing = true
    try {
      await this.#signAndPublish()
    } catch (error) {
      // Versions may have been given out that nobody got: say everything again in a new epoch (at the next tick).
      this.#serial = ''
      this.#deps.log.error({ error }, 'cannot advertise')
    } finally {
      this.#flushing = false
    }
  }

  async #signAndPublish(): Promise<void> {
    const { identities, records, clock } = this.#deps
    const author = this.#author
    const self = identities.self()
    if (author === undefined || self === undefined) return
    if (author.exhausted || self.serial !== this.#serial) {
      author.restart(await this.#nextEpoch())
      this.#serial = self.serial
    }
    const unsigned = author.flush(clock.now())
    const [first] = unsigned
    if (first === undefined) return
    const entries = unsigned.map((entry) => ({ entry: create(SyncEntrySchema, entry), record: records.seal(SyncEntrySchema, entry) }))
    this.#apply(author.epoch, first.version - 1n, entries)
    for (const part of split(entries)) await this.#publish(author.epoch, part)
  }

  async #publish(epoch: bigint, entries: readonly SyncedEntry[]): Promise<void> {
    const first = entries[0]?.entry
    const last = entries.at(-1)?.entry
    if (first === undefined || last === undefined) return
    const from = first.version - 1n
    const delta = { origin: first.origin, epoch, from, to: last.version, reset: from === 0n, entries: entries.map(({ record }) => record) }
    const data = toBinary(SyncGossipSchema, create(SyncGossipSchema, { deltas: [delta] }))
    // Gossip is a hint; what does not fit or does not arrive is fetched by those who miss it.
    if (data.length <= MAX_GOSSIP_BYTES) await this.#deps.pubsub.publish(TOPICS.sync, data)
  }

  async #nextEpoch(): Promise<bigint> {
    const { store, clock } = this.#deps
    const stored = store.get(TABLE, EPOCH_KEY)
    const last = stored === undefined ? 0n : BigInt(new TextDecoder().decode(stored))
    const now = BigInt(Math.trunc(clock.now()))
    const epoch = now > last ? now : last + 1n
    store.put(TABLE, EPOCH_KEY, new TextEncoder().encode(epoch.toString()))
    await store.commit()
    return epoch
  }
}

/** Runs of entries that fit one gossip message each. */
function split(entries: readonly SyncedEntry[]): SyncedEntry[][] {
  const parts: SyncedEntry[][] = []
  let room = 0
  for (const synced of entries) {
    const size = sizeOf(synced.record)
    if (size > room) {
      parts.push([])
      room = MAX_GOSSIP_BYTES - GOSSIP_HEAD_BYTES
    }
    parts.at(-1)?.push(synced)
    room -= size
  }
  return parts
}
