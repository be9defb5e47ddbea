import { HansaError } from '../../schema/errors.ts'
import type { TaskGraph } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { PlanGoal } from './plan-goal.ts'
import type { PlannableSkill } from './plannable-skill.ts'
import { findPlan, type PlanResult } from './plan/find-plan.ts'
import { missingFacts } from './plan/missing-facts.ts'
import { graphOf } from './plan/plan-graph.ts'
import { FactTable, type RuleSet, ruleSet } from './plan/rules.ts'
import { chooseSkills } from './plan/skill-choice.ts'
import { whyNot } from './plan/why-not.ts'

/**
 * The capability planner (draft 2.4): a graph of steps by which agents with these skills come from what is given to what is wanted. It finds a plan whenever there is
 * one, the same for the same skills in whatever order, and no step of it can be left out. It says in sentences how it came to it.
 *
 * Throws NO_PLAN when there is none: metadata `missing` has facts (", " between) that would make a plan if they were given, none of which can be left out; the message
 * says what wants them. With a budget the fewest steps are looked for; when that takes too long, the message says that it is not proved.
 * @param ownDomain its agents are taken first
 */
export function plan(goal: PlanGoal, skills: readonly PlannableSkill[], ownDomain: string): TaskGraph {
  const facts = new FactTable()
  const there = facts.numbers(Object.keys(goal.given))
  const wants = facts.numbers(goal.want)
  const { rules, banned } = chooseSkills(goal, skills, ownDomain, facts)
  const set = ruleSet(rules, facts.names.length)
  const result = findPlan(set, there, wants, goal.budget)
  if (result.kind === 'plan') return graphOf({ goal, facts, rules, banned: banned.length, skills: skills.length, set, there, wants, chosen: result.rules })
  if (result.kind === 'dear') throw tooDear(goal, facts, set, there, wants, result)
  const missing = missingFacts(set, there, wants)
  // With what is missing the way may still be too long.
  const then = findPlan(set, [...there, ...missing.facts], wants, goal.budget)
  throw then.kind === 'dear' ? tooDear(goal, facts, set, there, wants, then) : whyNot({ goal, facts, rules, banned, wants, missing })
}

/** There is a way, but none of so few steps was found. What is missing are then wanted facts themselves. */
function tooDear(
  goal: PlanGoal,
  facts: FactTable,
  set: RuleSet,
  there: readonly number[],
  wants: readonly number[],
  { steps, proved }: Extract<PlanResult, { kind: 'dear' }>
): HansaError {
  const { budget = 0 } = goal
  let missing = wants.filter((want) => !there.includes(want))
  // Of one wanted fact it is known.
  for (const want of missing.length > 1 ? [...missing] : []) {
    const rest = missing.filter((other) => other !== want)
    if (findPlan(set, [...there, ...rest], wants, budget).kind === 'plan') missing = rest
  }
  const unsure = proved ? '' : '; whether there is a shorter one is not proved: the search was too long'
  return new HansaError(
    'NO_PLAN',
    `no plan for ${goal.want.join(', ')} within the budget of ${budget}: the shortest plan that was found has ${steps} steps${unsure}`,
    {
      missing: missing.map((fact) => facts.name(fact)).join(', '),
      budget
    }
  )
}
