import type { SkillFacts } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { AgentCriteria, AgentMerit } from '../../schema/generated/hansa/v1/task_pb.ts'
import { covers } from '../ids/capability.ts'
import { coversLanguage } from '../ids/language-tag.ts'
import { criteriaText } from './criteria-text.ts'
import { promise } from './merit.ts'
import { stableHash } from './stable-hash.ts'

/** An agent as discovery found it. */
export interface Candidate {
  readonly handle: string
  readonly domain: string
  readonly languages: readonly string[]
  readonly capabilities: readonly string[]
  /** How well it serves what was asked for, 0 to 1. */
  readonly score: number
  readonly idempotent: boolean
  readonly online: boolean
  readonly skills: readonly Pick<SkillFacts, 'id' | 'capabilities' | 'inputs' | 'outputs'>[]
}

export interface ChoiceContext {
  readonly criteria: AgentCriteria
  readonly ownDomain: string
  readonly merits: ReadonlyMap<string, AgentMerit>
  /** Attempts that each agent has in flight, by handle. */
  readonly load: ReadonlyMap<string, number>
  /** Handles that are chosen only when there is no other. */
  readonly avoid: readonly string[]
  readonly now: number
  /** What the agent is for: of equals, the same key gets the same one, and many keys spread over all. */
  readonly key: string
}

export type Choice<C> = { readonly agent: C } | { readonly agent: undefined; readonly reason: string }

/** The parts sum up to 1. How an agent has done and how busy it is decide before where it is and how well it was found. */
const WEIGHTS = { promise: 0.35, load: 0.3, ownDomain: 0.2, score: 0.1, language: 0.05 } as const

/** Worths that differ by less are equal: else the first one to do well would get all the work. */
const GRAIN = 0.05

/** The agent for a step (draft 2.4), or why nobody fits. An offline one only when all are: it may have come back since it was found. */
export function chooseAgent<C extends Candidate>(candidates: readonly C[], context: ChoiceContext): Choice<C> {
  const { criteria, avoid, key } = context
  const tests: readonly [(candidate: C) => boolean, string][] = [
    [(candidate) => criteria.agent === '' || candidate.handle === criteria.agent, 'has that name'],
    [({ domain }) => criteria.domains.length === 0 || criteria.domains.includes(domain), 'is of such a domain'],
    [({ capabilities }) => criteria.capability === '' || capabilities.some((offered) => covers(criteria.capability, offered)), 'has that capability'],
    [({ languages }) => criteria.language === '' || languages.some((offered) => coversLanguage(criteria.language, offered)), 'knows that language'],
    [({ skills }) => skilled(skills, criteria), 'has a skill that puts out what is wanted from what is given']
  ]
  let left = candidates
  for (const [test, what] of tests) {
    left = left.filter(test)
    if (left.length === 0) return { agent: undefined, reason: `no agent for ${criteriaText(criteria)}: of ${candidates.length} found, none ${what}` }
  }
  const shunned = new Set(avoid)
  const ranked = left.map((agent) => ({
    agent,
    tier: (agent.online ? 2 : 0) + (shunned.has(agent.handle) ? 0 : 1),
    worth: Math.round(worth(agent, context) / GRAIN),
    draw: stableHash(`${key} ${agent.handle}`)
  }))
  const best = ranked.reduce((one, other) => {
    const better = other.tier - one.tier || other.worth - one.worth || other.draw - one.draw || (other.agent.handle < one.agent.handle ? 1 : -1)
    return better > 0 ? other : one
  })
  return { agent: best.agent }
}

/** True when one skill has all that is wanted, and needs no more than is given. */
function skilled(skills: Candidate['skills'], { planned, outputs, given, capability }: AgentCriteria): boolean {
  if (!planned && outputs.length === 0) return true
  return skills.some(
    (skill) =>
      (capability === '' || skill.capabilities.length === 0 || skill.capabilities.some((offered) => covers(capability, offered))) &&
      outputs.every((name) => skill.outputs.includes(name)) &&
      (!planned || skill.inputs.every((name) => given.includes(name)))
  )
}

/** 0 to 1. */
function worth(agent: Candidate, { criteria, ownDomain, merits, load, now }: ChoiceContext): number {
  return (
    WEIGHTS.promise * promise(merits.get(agent.handle), now) +
    WEIGHTS.load / (1 + (load.get(agent.handle) ?? 0)) +
    WEIGHTS.ownDomain * (agent.domain === ownDomain ? 1 : 0) +
    WEIGHTS.score * Math.min(1, Math.max(0, agent.score)) +
    WEIGHTS.language * languageFit(agent.languages, criteria.language)
  )
}

/** The very language is better than a variety of it. */
function languageFit(offered: readonly string[], wanted: string): number {
  if (wanted === '') return 1
  return offered.some((language) => language.toLowerCase() === wanted.toLowerCase()) ? 1 : 0.5
}
