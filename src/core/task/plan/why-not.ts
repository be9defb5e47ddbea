import { HansaError } from '../../../schema/errors.ts'
import type { PlanGoal } from '../plan-goal.ts'
import type { Missing } from './missing-facts.ts'
import type { FactTable } from './rules.ts'
import type { SkillChoice, SkillRule } from './skill-choice.ts'

/** Missing facts that a message explains, and skills that it names for each. */
const MAX_EXPLAINED = 4

export interface Impossible {
  readonly goal: PlanGoal
  readonly facts: FactTable
  readonly rules: readonly SkillRule[]
  readonly banned: SkillChoice['banned']
  readonly wants: readonly number[]
  readonly missing: Missing
}

/** NO_PLAN: which facts are missing, what wants each of them, and why nobody puts it out. */
export function whyNot({ goal, facts, rules, banned, wants, missing }: Impossible): HansaError {
  const reason = (fact: number): string => {
    const name = facts.name(fact)
    const takers = missing.rules.flatMap((index) => (rules[index]?.inputs.includes(fact) === true ? [rules[index]] : []))
    const wanted = takers.slice(0, MAX_EXPLAINED).map(({ capability, skills: [{ agent }] }) => `${capability} of ${agent} needs it`)
    const others = takers.length > MAX_EXPLAINED ? [`and ${takers.length - MAX_EXPLAINED} more`] : []
    const by = [...(wants.includes(fact) ? ['it is wanted itself'] : []), ...wanted, ...others]
    const outside = banned.find(({ skill }) => skill.outputs.includes(name))
    const made = rules.some(({ outputs }) => outputs.includes(fact))
    const why =
      outside !== undefined
        ? `${outside.skill.agent} puts it out, but ${outside.by === 'avoid' ? 'is to be avoided' : `the goal's ${outside.by} leave it out`}`
        : made
          ? 'the agents that put it out need, on the way, what comes of it'
          : 'no agent puts it out'
    return `${name} is not given, and ${why} (${by.join(', ')})`
  }
  const names = missing.facts.map((fact) => facts.name(fact))
  const reasons = missing.facts.slice(0, MAX_EXPLAINED).map(reason)
  const more = names.length > MAX_EXPLAINED ? [`also missing: ${names.slice(MAX_EXPLAINED).join(', ')}`] : []
  return new HansaError('NO_PLAN', `no plan for ${goal.want.join(', ')}: ${[...reasons, ...more].join('; ')}`, { missing: names.join(', ') })
}
