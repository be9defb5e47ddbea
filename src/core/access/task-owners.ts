export interface TaskOwnersSettings {
  /** Tasks remembered per principal; its oldest gives way. */
  readonly perPrincipal: number
  /** Tasks remembered in all; those of the principal that has been quiet longest give way. */
  readonly total: number
}

/** What a gateway knows of a task that it has seen. */
export interface KnownTask {
  readonly principal: string
  /** SPIFFE IDs of the gateways that the call which made it has passed, this one included. */
  readonly path: readonly string[]
  /** A2A's number of its last state that was seen (lf.a2a.v1.TaskState); 0 when none was. */
  readonly state: number
}

export interface TaskOwners {
  /** A task of `agent` was seen in an answer. Who was first keeps it; its state is the newest that its owner was told. */
  learn(agent: string, task: string, seen: KnownTask): void
  /** Undefined for a task of somebody else, and for one that is forgotten or was never seen. */
  find(agent: string, task: string, principal: string): KnownTask | undefined
}

/**
 * Who may ask for a task: only the principal whose call made it. What is forgotten or was never seen belongs to nobody, so it is refused to everybody.
 * Each principal can only crowd out its own tasks, unless it has been quiet longest when all the room is taken.
 */
export function createTaskOwners(settings: TaskOwnersSettings): TaskOwners {
  const known = new Map<string, KnownTask>()
  const tasks = new Map<string, Set<string>>()

  function forget(principal: string): void {
    for (const key of tasks.get(principal) ?? []) known.delete(key)
    tasks.delete(principal)
  }

  function first<T>(items: Iterable<T>): T | undefined {
    for (const item of items) return item
    return undefined
  }

  return {
    learn(agent, task, seen) {
      // A handle holds no space, so the key can be read in one way only.
      const key = `${agent} ${task}`
      const { principal } = seen
      const before = known.get(key)
      if (before !== undefined) {
        if (before.principal === principal && seen.state !== 0) known.set(key, { ...before, state: seen.state })
        return
      }
      const own = tasks.get(principal) ?? new Set<string>()
      known.set(key, seen)
      own.add(key)
      if (own.size > settings.perPrincipal) {
        const oldest = first(own)
        if (oldest !== undefined && own.delete(oldest)) known.delete(oldest)
      }
      tasks.delete(principal)
      tasks.set(principal, own)
      while (known.size > settings.total) {
        const quiet = first(tasks.keys())
        if (quiet === undefined || quiet === principal) break
        forget(quiet)
      }
    },
    find(agent, task, principal) {
      const found = known.get(`${agent} ${task}`)
      return found?.principal === principal ? found : undefined
    }
  }
}
