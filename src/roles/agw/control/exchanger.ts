import type { Neighbor } from '../../../core/peering/neighbor-list.ts'
import type { Replica } from '../../../core/sync/replica.ts'
import type { OriginDigest, SyncRequest } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../wire/methods.ts'
import type { ControlDeps } from './control-deps.ts'
import type { Synchronizer } from './synchronizer.ts'

/** Bytes of deltas in one answer or push; leaves room for the digest within the method's 4 MiB. */
const MAX_DELTA_BYTES = 3 * 1024 * 1024

/** Rounds of one exchange: 3 MiB each way a round carries the largest table that the bounds allow. A neighbour that never ends is left until the next. */
const MAX_ROUNDS = 64

/** Digests are one line per origin; a neighbour may be configured larger than we are, but not without bound. */
const MAX_DIGEST_LINES = 16_384

export interface ExchangerOptions {
  readonly deps: ControlDeps
  readonly replica: Replica
  readonly synchronizer: Synchronizer
  readonly neighbor: (id: string) => Neighbor | undefined
  readonly passesOn: (origin: string) => boolean
  /** News came from this neighbour or peer otherwise than by gossip: others may need it too. */
  readonly learned: (from: string) => void
  /** An exchange with this neighbour has come to its end: both have the same. */
  readonly agreed: (id: string) => void
}

/** Digest exchange with neighbours (draft 3.4.2): on link-up, on every gap, and now and then; what makes gossip a mere hint. */
export class Exchanger {
  readonly #options: ExchangerOptions
  readonly #running = new Set<string>()
  readonly #again = new Set<string>()

  constructor(options: ExchangerOptions) {
    this.#options = options
  }

  /** Serves the methods. Call once. */
  serve(): void {
    const { deps, synchronizer, learned } = this.#options
    deps.rpc.handle(methods.sync, (request) => this.#answer(request))
    deps.rpc.handle(methods.syncPush, (request, { caller }) => {
      if (synchronizer.take(request.deltas)) learned(caller.identity?.spiffeId ?? '')
      return {}
    })
  }

  /** Exchanges with a neighbour until both have the same. One at a time each; asked while one runs, another follows. */
  async exchange(id: string): Promise<void> {
    if (this.#running.has(id)) {
      this.#again.add(id)
      return
    }
    this.#running.add(id)
    try {
      if (await this.#rounds(id)) this.#options.learned(id)
      if (this.#options.neighbor(id)?.state === 'up') this.#options.agreed(id)
    } catch (error) {
      // The next heartbeat or the next round of the clock tries again.
      this.#options.deps.log.debug({ neighbor: id, error }, 'exchange failed')
    } finally {
      this.#running.delete(id)
    }
    if (this.#again.delete(id)) await this.exchange(id)
  }

  async #rounds(id: string): Promise<boolean> {
    const { deps, replica, synchronizer, neighbor, passesOn } = this.#options
    let learned = false
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const target = neighbor(id)
      if (target?.state !== 'up') break
      const where = { peer: target.info.peerId, addresses: target.info.multiaddrs, expect: { spiffeId: id, role: 'agw' } }
      const answer = await deps.rpc.call(where, methods.sync, { digest: replica.digest() })
      const news = synchronizer.take(answer.deltas)
      learned ||= news
      const missing = replica.deltas(bounded(answer.digest), passesOn, MAX_DELTA_BYTES)
      // What we just got from there need not go back: the digest in the answer is as old as its deltas.
      const push = missing.deltas.filter((delta) => delta.entries.length > 0)
      if (push.length > 0) await deps.rpc.call(where, methods.syncPush, { deltas: push })
      if (!missing.more && !(answer.more && news)) break
    }
    return learned
  }

  #answer(request: SyncRequest) {
    const { replica, passesOn } = this.#options
    const { deltas, more } = replica.deltas(bounded(request.digest), passesOn, MAX_DELTA_BYTES)
    return { deltas, more, digest: replica.digest() }
  }
}

function bounded(digest: readonly OriginDigest[]): readonly OriginDigest[] {
  return digest.length > MAX_DIGEST_LINES ? digest.slice(0, MAX_DIGEST_LINES) : digest
}
