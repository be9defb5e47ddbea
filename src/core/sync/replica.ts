import { create } from '@bufbuild/protobuf'
import { type Delta, DeltaSchema, type OriginDigest, OriginDigestSchema, type SyncEntry } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import { sizeOf, type SyncedDelta } from './entry.ts'
import { type Change, OriginState } from './origin-state.ts'

export interface ReplicaBounds {
  readonly origins: number
  /** Of these, those of one domain: who is listed may certify as many gateways as it likes. */
  readonly originsPerDomain: number
  readonly entriesPerOrigin: number
  /** Bytes of signed records in all, and of one domain. */
  readonly bytes: number
  readonly bytesPerDomain: number
  /** Milliseconds for which agents of an origin's earlier epoch are kept. */
  readonly holdMs: number
}

/** What a delta did. */
export type Outcome =
  | { readonly kind: 'applied'; readonly changes: Change[] }
  /** Nothing new in it. */
  | { readonly kind: 'known' }
  /** Something before it is missing here: exchange digests. */
  | { readonly kind: 'gap' }
  /** It contradicts itself, or there is no room. Whoever sent it is wrong or too large. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Room in a delta for its own fields and the name of the origin. */
const DELTA_HEAD_BYTES = 2_200

/** Everything known of all origins (draft 3.4.2). Times are monotonic milliseconds. */
export class Replica {
  readonly #bounds: ReplicaBounds
  readonly #origins = new Map<string, OriginState>()

  constructor(bounds: ReplicaBounds) {
    this.#bounds = bounds
  }

  origins(): string[] {
    return [...this.#origins.keys()].sort()
  }

  state(origin: string): OriginState | undefined {
    return this.#origins.get(origin)
  }

  /** What is here, in order of origin: equal digests mean equal maps. */
  digest(): OriginDigest[] {
    return this.origins().flatMap((origin) => this.head(origin) ?? [])
  }

  head(origin: string): OriginDigest | undefined {
    const state = this.#origins.get(origin)
    return state === undefined ? undefined : create(OriginDigestSchema, { origin, epoch: state.epoch, version: state.version })
  }

  /** True when `head` says that there is something of its origin that is not here. */
  lacks(head: OriginDigest): boolean {
    const state = this.#origins.get(head.origin)
    return state === undefined || head.epoch > state.epoch || (head.epoch === state.epoch && head.version > state.version)
  }

  /** True when every entry of such a delta is known already, so that it need not be verified. */
  knows(delta: Pick<Delta, 'origin' | 'epoch' | 'to'>): boolean {
    return !this.lacks(create(OriginDigestSchema, { origin: delta.origin, epoch: delta.epoch, version: delta.to }))
  }

  /**
   * Applies a delta whose entries have been verified. `strict` (gossip): only when no version is missing in it; without it a hole means that the key was
   * changed again above.
   */
  apply(delta: SyncedDelta, now: number, strict: boolean): Outcome {
    const reason = contradiction(delta, strict)
    if (reason !== undefined) return { kind: 'refused', reason }
    const state = this.#origins.get(delta.origin)
    if (state !== undefined && delta.epoch < state.epoch) return { kind: 'known' }
    const have = state !== undefined && delta.epoch === state.epoch ? state.version : 0n
    if (delta.from > have) return { kind: 'gap' }
    if (state !== undefined && delta.epoch === state.epoch && delta.to <= have) return { kind: 'known' }
    const full = this.#full(delta, state === undefined)
    if (full !== undefined) return { kind: 'refused', reason: full }
    const target = state ?? new OriginState(delta.origin, this.#bounds.entriesPerOrigin)
    this.#origins.set(delta.origin, target)
    return { kind: 'applied', changes: target.apply(delta, now, this.#bounds.holdMs) }
  }

  /** Bytes of everything held. */
  get bytes(): number {
    return this.#held(() => true).bytes
  }

  /** What there is no room for. */
  #full(delta: SyncedDelta, fresh: boolean): string | undefined {
    const { bytes, bytesPerDomain, origins, originsPerDomain } = this.#bounds
    const domain = domainOf(delta.origin)
    const own = this.#held((origin) => domainOf(origin) === domain)
    if (fresh && this.#origins.size >= origins) return 'too many origins'
    if (fresh && own.origins >= originsPerDomain) return `too many origins of ${domain}`
    const more = delta.entries.reduce((sum, { record }) => sum + sizeOf(record), 0)
    if (own.bytes + more > bytesPerDomain) return `too many bytes of ${domain}`
    return this.bytes + more > bytes ? 'too many bytes' : undefined
  }

  #held(counts: (origin: string) => boolean): { origins: number; bytes: number } {
    let [origins, bytes] = [0, 0]
    for (const state of this.#origins.values()) {
      if (!counts(state.origin)) continue
      origins++
      bytes += state.bytes
    }
    return { origins, bytes }
  }

  /**
   * What somebody with the digest `theirs` lacks, of the origins that `passOn` allows, at most `maxBytes`; `more` when that was not all. The digest is
   * somebody else's: of several lines for one origin the last one counts.
   */
  deltas(theirs: readonly OriginDigest[], passOn: (origin: string) => boolean, maxBytes: number): { readonly deltas: Delta[]; readonly more: boolean } {
    const known = new Map(theirs.map((digest) => [digest.origin, digest]))
    const deltas: Delta[] = []
    let room = maxBytes
    for (const origin of this.origins()) {
      const state = this.#origins.get(origin)
      const their = known.get(origin)
      if (state === undefined || !passOn(origin) || (their !== undefined && their.epoch > state.epoch)) continue
      const same = their !== undefined && their.epoch === state.epoch
      const from = same ? their.version : 0n
      if (from >= state.version) continue
      room -= DELTA_HEAD_BYTES
      const delta = create(DeltaSchema, { origin, epoch: state.epoch, from, to: from, reset: !same })
      let complete = true
      for (const { entry, record } of state.above(from)) {
        room -= sizeOf(record)
        complete = room >= 0
        if (!complete) break
        delta.entries.push(record)
        delta.to = entry.version
      }
      if (delta.entries.length > 0) deltas.push(delta)
      if (!complete) return { deltas, more: true }
    }
    return { deltas, more: false }
  }

  /** Live entries of all origins. */
  *live(): Generator<{ readonly origin: string; readonly entry: SyncEntry; readonly confirmed: boolean }> {
    for (const origin of this.origins()) for (const item of this.#origins.get(origin)?.live() ?? []) yield { origin, ...item }
  }

  /** Takes an origin out: its domain is no longer listed, or it has been unreachable for long. */
  forget(origin: string): Change[] {
    const state = this.#origins.get(origin)
    this.#origins.delete(origin)
    return [...(state?.live() ?? [])].map(({ entry }) => ({ origin, key: entry.key }))
  }

  /** What time alone changes: stale agents go. */
  tick(now: number): Change[] {
    return [...this.#origins.values()].flatMap((state) => state.tick(now))
  }
}

function contradiction(delta: SyncedDelta, strict: boolean): string | undefined {
  let last = delta.from
  for (const { entry } of delta.entries) {
    if (entry.origin !== delta.origin || entry.epoch !== delta.epoch) return 'an entry of another origin or epoch'
    if (entry.version <= last) return 'versions out of order'
    if (strict && entry.version !== last + 1n) return 'a version is missing'
    last = entry.version
  }
  if (delta.entries.length === 0) return 'no entries'
  return last === delta.to ? undefined : 'the last version is not the one announced'
}

/** Trust domain of a SPIFFE ID that has been verified. */
function domainOf(origin: string): string {
  return origin.split('/')[2] ?? ''
}
