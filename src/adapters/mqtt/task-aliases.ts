/** Task IDs that a requester made itself, as the profile wants it, and the IDs that agents made for the same tasks. */
export interface TaskAliases {
  /** The agent's ID; undefined when the requester's is not known as an alias. */
  realOf(scope: string, alias: string, now: number): string | undefined
  /** What the requester calls the agent's task: its own ID, or the agent's. */
  nameOf(scope: string, real: string, now: number): string
  /** True for an ID that came in an answer: the agent's own, whatever it looks like. */
  isReal(scope: string, id: string, now: number): boolean
  /** `alias` is undefined when an answer speaks of a task that the requester has not named. */
  learn(scope: string, real: string, alias: string | undefined, now: number): void
}

interface Entry {
  readonly alias: string | undefined
  readonly real: string
  readonly until: number
}

/**
 * A scope is a requester and an agent: nobody reaches a task by another's alias. At most `max` tasks, the oldest forgotten first; each for `ttlMs` after it was last spoken of.
 * A forgotten task is still there under the agent's ID.
 */
export function createTaskAliases({ max, ttlMs }: { readonly max: number; readonly ttlMs: number }): TaskAliases {
  const byReal = new Map<string, Entry>()
  const byAlias = new Map<string, Entry>()

  function forget(scope: string, entry: Entry): void {
    byReal.delete(key(scope, entry.real))
    if (entry.alias !== undefined) byAlias.delete(key(scope, entry.alias))
  }

  function find(map: Map<string, Entry>, scope: string, id: string, now: number): Entry | undefined {
    const entry = map.get(key(scope, id))
    if (entry === undefined || entry.until > now) return entry
    forget(scope, entry)
    return undefined
  }

  return {
    realOf: (scope, alias, now) => find(byAlias, scope, alias, now)?.real,
    nameOf: (scope, real, now) => find(byReal, scope, real, now)?.alias ?? real,
    isReal: (scope, id, now) => find(byReal, scope, id, now) !== undefined,
    learn(scope, real, alias, now) {
      const known = find(byReal, scope, real, now)
      if (known !== undefined) forget(scope, known)
      const entry = { alias: known?.alias ?? alias, real, until: now + ttlMs }
      byReal.set(key(scope, real), entry)
      if (entry.alias !== undefined) byAlias.set(key(scope, entry.alias), entry)
      if (byReal.size > max) {
        const [oldest] = byReal
        if (oldest === undefined) return
        byReal.delete(oldest[0])
        const { alias: gone } = oldest[1]
        if (gone !== undefined) byAlias.delete(key(scopeOf(oldest[0]), gone))
      }
    }
  }
}

/** A space: scopes are made of SPIFFE IDs and handles, which have none. */
function key(scope: string, id: string): string {
  return `${scope} ${id}`
}

function scopeOf(joined: string): string {
  return joined.split(' ', 1)[0] ?? ''
}
