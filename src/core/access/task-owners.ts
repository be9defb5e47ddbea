export interface TaskOwnersSettings {
  /** Tasks remembered per principal; its oldest gives way. */
  readonly perPrincipal: number
  /** Principals remembered; the one that has been quiet longest gives way. */
  readonly principals: number
}

export interface TaskOwners {
  /** A task of `agent` was seen in an answer to `principal`. Who was first keeps it. */
  learn(agent: string, task: string, principal: string): void
  owns(agent: string, task: string, principal: string): boolean
}

/**
 * Who may ask for a task: only the principal whose call made it. What is forgotten or was never seen belongs to nobody, so it is refused to everybody.
 * Each principal can only crowd out its own tasks.
 */
export function createTaskOwners(settings: TaskOwnersSettings): TaskOwners {
  const owners = new Map<string, string>()
  const tasks = new Map<string, Set<string>>()

  function forget(principal: string): void {
    for (const key of tasks.get(principal) ?? []) owners.delete(key)
    tasks.delete(principal)
  }

  function first<T>(items: Iterable<T>): T | undefined {
    for (const item of items) return item
    return undefined
  }

  return {
    learn(agent, task, principal) {
      // A handle holds no space, so the key can be read in one way only.
      const key = `${agent} ${task}`
      if (owners.has(key)) return
      const own = tasks.get(principal) ?? new Set<string>()
      owners.set(key, principal)
      own.add(key)
      if (own.size > settings.perPrincipal) {
        const oldest = first(own)
        if (oldest !== undefined && own.delete(oldest)) owners.delete(oldest)
      }
      tasks.delete(principal)
      tasks.set(principal, own)
      if (tasks.size > settings.principals) {
        const quiet = first(tasks.keys())
        if (quiet !== undefined) forget(quiet)
      }
    },
    owns: (agent, task, principal) => owners.get(`${agent} ${task}`) === principal
  }
}
