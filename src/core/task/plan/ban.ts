import { coversLanguage } from '../../ids/language-tag.ts'
import type { PlanGoal } from '../plan-goal.ts'
import type { PlannableSkill } from '../plannable-skill.ts'

/** What the goal forbids, by the name of its constraint. */
export type Ban = 'languages' | 'domains' | 'avoid'

/** The constraint of the goal that keeps this skill from having a part in it; undefined when none does. */
export function banOf(goal: Pick<PlanGoal, Ban>, skill: PlannableSkill): Ban | undefined {
  if (goal.avoid.includes(skill.agent)) return 'avoid'
  if (goal.domains.length > 0 && !goal.domains.includes(skill.domain)) return 'domains'
  return goal.languages.length > 0 && languageOf(goal, skill) === undefined ? 'languages' : undefined
}

/** The first language of the goal that the agent speaks. */
export function languageOf({ languages }: Pick<PlanGoal, 'languages'>, skill: PlannableSkill): string | undefined {
  return languages.find((wanted) => skill.languages.some((offered) => coversLanguage(wanted, offered)))
}
