import { HansaError } from '../../schema/errors.ts'
import type { TaskGraph } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { PlanGoal } from './plan-goal.ts'
import type { PlannableSkill } from './plannable-skill.ts'
import { cheapest } from './plan/cheapest.ts'
import { missingFacts } from './plan/missing-facts.ts'
import { graphOf } from './plan/plan-graph.ts'
import { reach, reaches } from './plan/reach.ts'
import { FactTable, type RuleSet, ruleSet } from './plan/rules.ts'
import { chooseSkills } from './plan/skill-choice.ts'
import { thinOut } from './plan/thin-out.ts'
import { whyNot } from './plan/why-not.ts'
import { withinBudget } from './plan/within-budget.ts'

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
  // Facts of skills that are not allowed are named in reasons; they get their numbers after all others.
  const set = ruleSet(rules, facts.names.length)
  if (!reaches(reach(set, there), wants)) {
    const missing = missingFacts(set, there, wants)
    const given = [...there, ...missing.facts]
    // What is missing may be known, and the way from there still be too long.
    if (fewSteps(set, given, wants, goal.budget) !== undefined) throw whyNot({ goal, facts, rules, banned, wants, missing })
    throw tooDear(goal, facts, set, there, wants)
  }
  const chosen = fewSteps(set, there, wants, goal.budget)
  if (chosen === undefined) throw tooDear(goal, facts, set, there, wants)
  return graphOf({ goal, facts, rules, banned: banned.length, skills: skills.length, set, there, wants, chosen })
}

/** Rules of a plan of at most `budget` steps; undefined when none was found. */
function fewSteps(set: RuleSet, there: readonly number[], wants: readonly number[], budget = Infinity): readonly number[] | undefined {
  const first = thinOut(set, there, wants, cheapest(set, there, wants) ?? [])
  if (first.length <= budget) return first
  const result = withinBudget(set, there, wants, budget)
  return result.kind === 'plan' ? thinOut(set, there, wants, result.rules) : undefined
}

/** There is a way, but not one of so few steps. What is missing are then wanted facts themselves. */
function tooDear(goal: PlanGoal, facts: FactTable, set: RuleSet, there: readonly number[], wants: readonly number[]): HansaError {
  const { budget = 0 } = goal
  let missing = wants.filter((want) => !there.includes(want))
  for (const want of [...missing]) {
    const rest = missing.filter((other) => other !== want)
    if (reaches(reach(set, [...there, ...rest]), wants) && fewSteps(set, [...there, ...rest], wants, budget) !== undefined) missing = rest
  }
  const names = missing.map((fact) => facts.name(fact)).join(', ')
  const steps = thinOut(set, there, wants, cheapest(set, there, wants) ?? []).length
  const found = steps > 0 ? `the shortest plan that was found has ${steps} steps` : 'what is missing does not lead there in so few steps'
  const proved = withinBudget(set, there, wants, budget).kind === 'undecided' ? '; whether there is a shorter one is not proved: the search was too long' : ''
  return new HansaError('NO_PLAN', `no plan for ${goal.want.join(', ')} within the budget of ${budget}: ${found}${proved}`, { missing: names, budget })
}
