import type { PlanGoal } from '../plan-goal.ts'
import type { PlannableSkill } from '../plannable-skill.ts'
import { type Ban, banOf, languageOf } from './ban.ts'
import type { FactTable, Rule } from './rules.ts'

/**
 * What a step costs. Few steps count, and steps in the own domain more: a foreign one is worth one and a half of them, so that two steps abroad are not made where
 * three at home do.
 */
const COSTS = { own: 2, foreign: 3 } as const

/** A rule for the planner: the same skill, at one or several agents. */
export interface SkillRule extends Rule {
  /** Capability under which the step asks for it: the most special one of the skill. */
  readonly capability: string
  /** Language of the goal that the agents speak; undefined when the goal names none. */
  readonly language: string | undefined
  /** Who has it, the best first; at least one. */
  readonly skills: readonly [PlannableSkill, ...PlannableSkill[]]
}

export interface SkillChoice {
  readonly rules: readonly SkillRule[]
  readonly banned: readonly { readonly skill: PlannableSkill; readonly by: Ban }[]
}

/**
 * Skills that the goal allows, those alike put together: who has a step is decided when it is done (draft 2.4). In an order that depends on the skills alone, not on
 * the order in which they were found.
 */
export function chooseSkills(goal: PlanGoal, skills: readonly PlannableSkill[], ownDomain: string, facts: FactTable): SkillChoice {
  const banned: { skill: PlannableSkill; by: Ban }[] = []
  const alike = new Map<string, { skills: PlannableSkill[]; capability: string; language: string | undefined }>()
  const rank = ({ domain, agent, skill }: PlannableSkill): string => `${domain === ownDomain ? 0 : 1} ${agent} ${skill}`
  const sorted = skills.map((skill) => ({ skill, rank: rank(skill) })).sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
  for (const { skill } of sorted) {
    const by = banOf(goal, skill)
    if (by !== undefined) {
      banned.push({ skill, by })
      continue
    }
    const language = languageOf(goal, skill)
    const capability = mostSpecial(skill.capabilities)
    const key = JSON.stringify([capability, language, [...skill.inputs].sort(), [...skill.outputs].sort()])
    const entry = alike.get(key)
    if (entry === undefined) alike.set(key, { skills: [skill], capability, language })
    else entry.skills.push(skill)
  }
  const rules = [...alike.values()].flatMap(({ skills: [first, ...others], capability, language }): SkillRule[] => {
    if (first === undefined) return []
    const cost = first.domain === ownDomain ? COSTS.own : COSTS.foreign
    return [{ inputs: facts.numbers(first.inputs), outputs: facts.numbers(first.outputs), cost, capability, language, skills: [first, ...others] }]
  })
  return { rules, banned }
}

function mostSpecial(capabilities: readonly string[]): string {
  const depth = (path: string): number => path.split('/').length
  return [...capabilities].sort((a, b) => depth(b) - depth(a) || (a < b ? -1 : 1))[0] ?? ''
}
