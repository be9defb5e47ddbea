import type { Clock } from '../../ports/clock.ts'
import type { Identities } from '../../ports/identity.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Protocol } from '../../wire/methods.ts'
import { CLIENT_IDLE_MS, DRAIN_MS, MAX_IDLE } from './bounds.ts'
import type { Session } from './session.ts'

/** Sessions of the client side: those in use, and idle ones per peer and protocol, the last used first. */
export class Pool {
  readonly #identities: Identities
  readonly #clock: Clock
  readonly #idle = new Map<string, Session[]>()
  readonly #open = new Set<Session>()

  constructor(identities: Identities, clock: Clock) {
    this.#identities = identities
    this.#clock = clock
  }

  /** All sessions that are open, in use or idle. */
  get open(): ReadonlySet<Session> {
    return this.#open
  }

  /** An idle session that still stands, if any. */
  take(peer: string, protocol: Protocol): Session | undefined {
    const key = keyOf(peer, protocol)
    const idle = this.#idle.get(key)
    for (let session = idle?.pop(); session !== undefined; session = idle?.pop()) {
      if (idle?.length === 0) this.#idle.delete(key)
      if (this.#usable(session)) return session
      session.channel.abort()
    }
    return undefined
  }

  /** Sessions are known from their opening on, so that a revocation finds those in use too. */
  add(session: Session): void {
    this.#open.add(session)
    session.channel.onClose(() => {
      this.#open.delete(session)
      this.#forget(session)
    })
  }

  /** Takes a session back whose call has ended in order. */
  put(session: Session): void {
    session.idleSince = this.#clock.monotonic()
    const key = keyOf(session.remote.peer, session.protocol)
    const idle = this.#idle.get(key) ?? []
    if (!this.#usable(session) || idle.length >= MAX_IDLE) {
      this.#retire(session)
      return
    }
    this.#idle.set(key, idle)
    idle.push(session)
    session.watch(() => {
      this.#forget(session)
      this.#retire(session)
    })
  }

  /** Closes sessions that have been idle for long. */
  sweep(): void {
    const before = this.#clock.monotonic() - CLIENT_IDLE_MS
    for (const [key, idle] of this.#idle) {
      const kept = idle.filter((session) => session.idleSince > before)
      for (const session of idle) if (session.idleSince <= before) this.#retire(session)
      if (kept.length === 0) this.#idle.delete(key)
      else this.#idle.set(key, kept)
    }
  }

  /** Resets sessions, also in the middle of a call, whose identity no longer stands. */
  dropFallen(): void {
    for (const session of [...this.#open]) {
      session.remote.reconsider()

      if (!session.remote.stands) session.channel.abort(new HansaError('CONNECTION_LOST', `${session.remote.peer} is not believed any more`))
    }
  }

  dropPeer(peer: string): void {
    for (const session of [...this.#open]) if (session.remote.peer === peer) session.channel.abort()
  }

  async stop(): Promise<void> {
    const idle = new Set([...this.#idle.values()].flat())
    this.#idle.clear()
    for (const session of [...this.#open]) if (!idle.has(session)) session.channel.abort()
    await Promise.all([...idle].map((session) => session.channel.close()))
  }

  /** Ends a session in order; a callee that does not end it too is not waited for. */
  #retire(session: Session): void {
    void session.channel.close()
    const cancel = this.#clock.after(DRAIN_MS, () => session.channel.abort())
    session.channel.onClose(() => cancel())
  }

  #usable(session: Session): boolean {
    if (!session.alive || !session.remote.stands) return false
    const leaf = this.#identities.chain()[0]
    const same = leaf === session.shown || (leaf !== undefined && session.shown !== undefined && Buffer.compare(leaf, session.shown) === 0)
    return same
  }

  #forget(session: Session): void {
    const key = keyOf(session.remote.peer, session.protocol)
    const idle = this.#idle.get(key)
    const index = idle?.indexOf(session) ?? -1
    if (idle === undefined || index < 0) return
    idle.splice(index, 1)
    if (idle.length === 0) this.#idle.delete(key)
  }
}

function keyOf(peer: string, protocol: Protocol): string {
  return `${protocol} ${peer}`
}
