/** What is heard of one peer or agent. */
export type Health = 'online' | 'offline'

export interface Transition {
  readonly id: string
  readonly to: Health
}

interface Watched {
  lastHeard: number
  health: Health
}

/**
 * Heartbeat failure detector (draft 3.3.1, 3.4.3): who has been silent for `missed` intervals is offline; who is heard again is online.
 * All times are monotonic milliseconds given by the caller, so a step of the wall clock takes nobody offline.
 */
export class FailureDetector {
  /** Longest silence, in milliseconds, of somebody who is still online. */
  readonly patience: number
  readonly #watched = new Map<string, Watched>()

  constructor(heartbeatMs: number, missed: number) {
    this.patience = heartbeatMs * missed
  }

  /** Begins to watch, as heard just now, or notes a heartbeat. A transition when that changes anything. */
  heard(id: string, now: number): Transition | undefined {
    const before = this.#watched.get(id)
    this.#watched.set(id, { lastHeard: now, health: 'online' })
    return before?.health === 'online' ? undefined : { id, to: 'online' }
  }

  /** Something better than silence says that it is gone: a lost connection, a probe. */
  suspect(id: string): Transition | undefined {
    const watched = this.#watched.get(id)
    if (watched === undefined || watched.health === 'offline') return undefined
    watched.health = 'offline'
    return { id, to: 'offline' }
  }

  forget(id: string): void {
    this.#watched.delete(id)
  }

  /** Who has become offline by silence. Call it at least once per interval. */
  tick(now: number): Transition[] {
    const transitions: Transition[] = []
    for (const [id, watched] of this.#watched) {
      if (watched.health === 'offline' || now - watched.lastHeard <= this.patience) continue
      watched.health = 'offline'
      transitions.push({ id, to: 'offline' })
    }
    return transitions
  }

  health(id: string): Health | undefined {
    return this.#watched.get(id)?.health
  }

  /** Milliseconds since it was last heard; undefined when it is not watched. */
  silence(id: string, now: number): number | undefined {
    const watched = this.#watched.get(id)
    return watched === undefined ? undefined : now - watched.lastHeard
  }
}
