import { banOf } from '../../core/task/plan/ban.ts'
import type { PlanGoal } from '../../core/task/plan-goal.ts'
import type { PlannableSkill } from '../../core/task/plannable-skill.ts'
import { isCapability } from '../../core/ids/capability.ts'
import { isFact } from '../../core/ids/fact.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import type { Found } from '../../roles/agent/discovery.ts'
import type { SwarmClient } from '../../roles/agent/swarm-client.ts'
import { StatusFilter } from '../../schema/generated/hansa/v1/directory_pb.ts'

export type Find = SwarmClient['find']

/** Facts and hits of one question: as many as discovery takes and gives (core/directory/query.ts). */
const FACTS = 16
const HITS = 100

/** A caller has 60 questions a minute (traffic.discovery); a planner leaves some to others. */
const MAX_QUESTIONS = 48

/** Questions at a time. */
const AT_ONCE = 4

/** As many as a graph may have steps. */
const MAX_SKILLS = 10_000

/**
 * Skills that may have a part in reaching a goal: those that put out what is wanted, then those that put out what these need, level by level. Bounded; what was not
 * asked or not answered is kept, because it is no proof that nobody could.
 */
export class SkillSearch {
  readonly #find: Find
  readonly #goal: PlanGoal
  readonly #signal: AbortSignal
  readonly #skills = new Map<string, PlannableSkill>()
  readonly #makers = new Map<string, PlannableSkill[]>()
  readonly #needed = new Set<string>()
  readonly #gaps = new Set<string>()
  #open: string[] = []
  #questions = 0
  #ownDomain = ''

  constructor(find: Find, goal: PlanGoal, signal: AbortSignal) {
    this.#find = find
    this.#goal = goal
    this.#signal = signal
  }

  get skills(): PlannableSkill[] {
    return [...this.#skills.values()]
  }

  /** Domain of who answered: the own one. */
  get ownDomain(): string {
    return this.#ownDomain
  }

  /** Why there may be more than was found, one phrase each; none: all was found. */
  get gaps(): readonly string[] {
    return [...this.#gaps]
  }

  /** Throws what discovery throws. */
  async run(): Promise<void> {
    this.#need(this.#goal.want)
    while (this.#open.length > 0 && this.#questions < MAX_QUESTIONS) {
      const batches: string[][] = []
      while (this.#open.length > 0 && batches.length < Math.min(AT_ONCE, MAX_QUESTIONS - this.#questions)) batches.push(this.#open.splice(0, FACTS))
      this.#questions += batches.length
      await Promise.all(batches.map((facts) => this.#ask(facts)))
    }
    if (this.#open.length > 0) this.#gaps.add(`after ${MAX_QUESTIONS} questions, ${this.#open.length} facts were not asked for, such as ${this.#open[0]}`)
  }

  /** Agents that put out one of these facts and are not online, by handle and fact. */
  async offline(facts: readonly string[]): Promise<{ readonly agent: string; readonly fact: string }[]> {
    const wanted = facts.slice(0, FACTS)
    const { agents } = await this.#find({ outputs: wanted, limit: HITS, status: StatusFilter.ANY }, { signal: this.#signal })
    return agents.flatMap(({ record: { handle, skills } }) => {
      const fact = wanted.find((one) => skills.some(({ outputs }) => outputs.includes(one)))
      const known = this.skills.some((skill) => skill.agent === handle)
      return fact === undefined || known ? [] : [{ agent: handle, fact }]
    })
  }

  async #ask(facts: readonly string[], domain = ''): Promise<void> {
    const found = await this.#find({ outputs: [...facts], limit: HITS, domain }, { signal: this.#signal })
    this.#take(found)
    if (found.agents.length < HITS) return
    // The limit has cut the list: smaller questions bring more of it.
    const smaller: [readonly string[], string][] =
      facts.length > 1 ? facts.map((fact) => [[fact], domain]) : domain === '' ? this.#goal.domains.map((one) => [facts, one]) : []
    if (smaller.length === 0) this.#gaps.add(`more than ${HITS} agents put out ${facts.join(', ')}`)
    for (const [part, of] of smaller) {
      if (this.#questions >= MAX_QUESTIONS) return void this.#gaps.add(`more than ${HITS} agents put out ${part.join(', ')}`)
      this.#questions++
      await this.#ask(part, of)
    }
  }

  #take({ agents, asked, refused, via }: Found): void {
    this.#ownDomain = parseSpiffeId(via).domain
    for (const { domain, ars, error } of asked) if (error !== undefined) this.#gaps.add(`${ars || domain} did not answer (${error.code})`)
    if (refused.length > 0) this.#gaps.add(`${refused.length} records were not to be believed`)
    for (const { record } of agents)
      for (const { id, capabilities, inputs, outputs } of record.skills) {
        const key = JSON.stringify([record.handle, id])
        if (this.#skills.has(key)) continue
        if (this.#skills.size >= MAX_SKILLS) {
          this.#gaps.add(`more than ${MAX_SKILLS} skills`)
          return
        }
        const under = capabilities.length === 0 ? record.capabilities : capabilities
        // A server of another domain signed it, and need not have looked: names that are none would have our own questions refused, and the plan.
        if (![...inputs, ...outputs].every(isFact) || !under.every(isCapability)) continue
        this.#add(key, { agent: record.handle, domain: record.domain, languages: record.languages, skill: id, capabilities: under, inputs, outputs })
      }
  }

  #add(key: string, skill: PlannableSkill): void {
    this.#skills.set(key, skill)
    for (const fact of skill.outputs) {
      const makers = this.#makers.get(fact)
      if (makers === undefined) this.#makers.set(fact, [skill])
      else makers.push(skill)
    }
    if (banOf(this.#goal, skill) === undefined && skill.outputs.some((fact) => this.#needed.has(fact))) this.#need(skill.inputs)
  }

  /** Facts that somebody must put out, and what those who are known to do so need in turn. */
  #need(facts: readonly string[]): void {
    const news = [...facts]
    // It grows while it is read.
    for (const fact of news) {
      if (Object.hasOwn(this.#goal.given, fact) || this.#needed.has(fact)) continue
      this.#needed.add(fact)
      this.#open.push(fact)
      for (const maker of this.#makers.get(fact) ?? []) if (banOf(this.#goal, maker) === undefined) news.push(...maker.inputs)
    }
  }
}
