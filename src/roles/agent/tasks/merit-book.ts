import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { withAttempt } from '../../../core/task/merit.ts'
import type { TaskEffect } from '../../../core/task/task-effect.ts'
import type { Store } from '../../../ports/store.ts'
import { type AgentMerit, AgentMeritSchema } from '../../../schema/generated/hansa/v1/task_pb.ts'

const TABLE = 'task-merits'

/** Agents that are remembered: more than any node works with. */
const MAX_AGENTS = 10_000

/** How agents have done at steps, and how many each has in work now. */
export class MeritBook {
  readonly #store: Store
  readonly #merits = new Map<string, AgentMerit>()
  readonly #load = new Map<string, number>()
  readonly #changed = new Set<string>()

  constructor(store: Store) {
    this.#store = store
    for (const [agent, bytes] of store.entries(TABLE)) this.#merits.set(agent, fromBinary(AgentMeritSchema, bytes))
  }

  /** By handle. */
  get merits(): ReadonlyMap<string, AgentMerit> {
    return this.#merits
  }

  /** Attempts that each agent has in work for this node, by handle. */
  get load(): ReadonlyMap<string, number> {
    return this.#load
  }

  /** Counts an attempt in; the result counts it out, once. */
  begin(agent: string): () => void {
    this.#load.set(agent, (this.#load.get(agent) ?? 0) + 1)
    let open = true
    return () => {
      if (!open) return
      open = false
      const left = (this.#load.get(agent) ?? 1) - 1
      if (left > 0) this.#load.set(agent, left)
      else this.#load.delete(agent)
    }
  }

  /** An attempt is over. Written with the next commit of anything: a merit that is lost is earned again. */
  note(effect: Extract<TaskEffect, { kind: 'merit' }>, now: number): void {
    const { agent } = effect
    const merit = withAttempt(this.#merits.get(agent), effect, now)
    this.#merits.delete(agent)
    this.#merits.set(agent, merit)
    this.#changed.add(agent)
    if (this.#merits.size <= MAX_AGENTS) return
    for (const oldest of this.#merits.keys()) {
      this.#merits.delete(oldest)
      this.#changed.delete(oldest)
      this.#store.delete(TABLE, oldest)
      break
    }
  }

  /** Puts what has changed; the caller commits. */
  write(): void {
    for (const agent of this.#changed) {
      const merit = this.#merits.get(agent)
      if (merit !== undefined) this.#store.put(TABLE, agent, toBinary(AgentMeritSchema, merit))
    }
    this.#changed.clear()
  }
}
