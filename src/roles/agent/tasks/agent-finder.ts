import type { MessageInitShape } from '@bufbuild/protobuf'
import { EXTENSIONS } from '../../../core/ids/extension-uris.ts'
import type { Candidate } from '../../../core/task/choose-agent.ts'
import type { Clock } from '../../../ports/clock.ts'
import { toHansaError } from '../../../schema/errors.ts'
import { type AgentRecord, AgentStatus, type DiscoverRequestSchema, StatusFilter } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import type { AgentCriteria } from '../../../schema/generated/hansa/v1/task_pb.ts'
import type { TaskSwarm } from './attempt-deps.ts'

/** Many steps want the same at a time, and a node may ask 60 times a minute: one answer serves them all for so long, in milliseconds. */
const KEEP_MS = 10_000
/** An answer that has just come is not asked for again because an agent in it has failed. */
const FRESH_MS = 1_000
/** When the directory wants to be left alone, an older answer is better than none. */
const STALE_MS = 120_000
/** Different wishes, and agents, that are remembered. */
const MAX_WISHES = 1_000
const MAX_AGENTS = 10_000
const FIND_MS = 10_000

/** What is known of an agent that steps are sent to. */
export interface AgentTraits {
  readonly handle: string
  readonly spiffeId: string
  readonly streaming: boolean
  readonly languages: readonly string[]
}

interface Wish {
  readonly at: number
  readonly found: Promise<readonly Candidate[]>
}

/** Who may do a step (draft 3.2.3), with a short memory. */
export class AgentFinder {
  readonly #swarm: TaskSwarm
  readonly #clock: Clock
  readonly #wishes = new Map<string, Wish>()
  readonly #agents = new Map<string, AgentTraits>()

  constructor(swarm: TaskSwarm, clock: Clock) {
    this.#swarm = swarm
    this.#clock = clock
  }

  /** Agents that are there now and fit. Throws as SwarmClient.find. */
  async find(criteria: AgentCriteria): Promise<readonly Candidate[]> {
    const key = keyOf(criteria)
    const kept = this.#wishes.get(key)
    const now = this.#clock.monotonic()
    if (kept !== undefined && now - kept.at < KEEP_MS) return kept.found
    const found = this.#ask(criteria)
    const wish: Wish = { at: now, found }
    this.#keep(this.#wishes, key, wish, MAX_WISHES)
    try {
      const candidates = await found
      // Who is missed may be there in a moment: each try looks anew.
      if (!candidates.some(({ online }) => online) && this.#wishes.get(key) === wish) this.#wishes.delete(key)
      return candidates
    } catch (thrown) {
      const error = toHansaError(thrown)
      if (this.#wishes.get(key) === wish) this.#wishes.delete(key)
      if (error.code !== 'RATE_LIMITED' || kept === undefined || now - kept.at > STALE_MS) throw error
      this.#wishes.set(key, kept)
      return kept.found
    }
  }

  /** One that was found by these criteria has failed: somebody else may be there by now. */
  doubt(criteria: AgentCriteria): void {
    const key = keyOf(criteria)
    const kept = this.#wishes.get(key)
    // Set back, not forgotten: it may be needed when the directory refuses.
    if (kept !== undefined && this.#clock.monotonic() - kept.at > FRESH_MS) this.#wishes.set(key, { ...kept, at: this.#clock.monotonic() - KEEP_MS })
  }

  known(handle: string): AgentTraits | undefined {
    return this.#agents.get(handle)
  }

  /** What is known of one agent; when the directory cannot be asked, the least that an agent can do. */
  async traits(handle: string): Promise<AgentTraits> {
    const known = this.#agents.get(handle)
    if (known !== undefined) return known
    try {
      return this.#remember((await this.#swarm.resolve(handle, { timeoutMs: FIND_MS })).record)
    } catch {
      return { handle, spiffeId: '', streaming: false, languages: [] }
    }
  }

  async #ask(criteria: AgentCriteria): Promise<readonly Candidate[]> {
    if (criteria.agent !== '') return [await this.#one(criteria.agent)]
    const { domains, language, capability, outputs } = criteria
    const [only = ''] = domains.length === 1 ? domains : []
    const request: MessageInitShape<typeof DiscoverRequestSchema> = {
      capabilities: capability === '' ? [] : [capability],
      language,
      domain: only,
      outputs: outputs.slice(0, 16),
      status: StatusFilter.ONLINE,
      limit: 100
    }
    const { agents } = await this.#swarm.find(request, { timeoutMs: FIND_MS })
    return agents.map(({ record, status, score }) => this.#candidate(record, status, score))
  }

  async #one(agent: string): Promise<Candidate> {
    const { record, status } = await this.#swarm.resolve(agent, { timeoutMs: FIND_MS })
    return this.#candidate(record, status, 1)
  }

  #candidate(record: AgentRecord, status: AgentStatus, score: number): Candidate {
    this.#remember(record)
    const { handle, domain, languages, capabilities, skills, extensions } = record
    const online = status !== AgentStatus.OFFLINE
    return { handle, domain, languages, capabilities, skills, score, online, idempotent: extensions.includes(EXTENSIONS.idempotency) }
  }

  #remember(record: AgentRecord): AgentTraits {
    const { handle, spiffeId, streaming, languages } = record
    const traits = { handle, spiffeId, streaming, languages }
    this.#keep(this.#agents, handle, traits, MAX_AGENTS)
    return traits
  }

  /** The oldest gives way. */
  #keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
    map.delete(key)
    map.set(key, value)
    if (map.size > most)
      for (const oldest of map.keys()) {
        map.delete(oldest)
        break
      }
  }
}

function keyOf({ agent, capability, language, domains, outputs, given, planned }: AgentCriteria): string {
  return JSON.stringify([agent, capability, language, domains, outputs, given, planned])
}
