import { create, fromJson, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { type TaskGraph, TaskGraphSchema, type TaskStepSchema } from '../../../schema/generated/hansa/v1/task_pb.ts'
import type { PlanGoal } from '../plan-goal.ts'
import { reach, THERE } from './reach.ts'
import type { FactTable, RuleSet } from './rules.ts'
import type { SkillRule } from './skill-choice.ts'
import { StepIds } from './step-ids.ts'

/** Steps that are explained one by one; a reader has stopped reading by then. */
const MAX_EXPLAINED = 200

export interface Planned {
  readonly goal: PlanGoal
  readonly facts: FactTable
  readonly rules: readonly SkillRule[]
  readonly set: RuleSet
  readonly there: readonly number[]
  readonly wants: readonly number[]
  /** Rules of the plan. */
  readonly chosen: readonly number[]
  /** Skills looked at, and those of them that the goal forbids. */
  readonly skills: number
  readonly banned: number
}

/** The graph of a plan: a step for each rule, its inputs from the first step that makes them, the facts that it must put out, and what was thought. */
export function graphOf({ goal, facts, rules, set, there, wants, chosen, skills, banned }: Planned): TaskGraph {
  const { maker, order } = reach(set, there, chosen)
  const ids = new StepIds()
  const steps = order.flatMap((index) => {
    const rule = rules[index]
    return rule === undefined ? [] : [{ index, rule, id: ids.next(rule.capability) }]
  })
  const idOf = new Map(steps.map(({ index, id }) => [index, id]))
  const from = (fact: number): string => {
    const by = maker[fact] ?? THERE
    return by === THERE ? `given.${facts.name(fact)}` : `steps.${idOf.get(by) ?? ''}.data.${facts.name(fact)}`
  }
  const needed = new Set([...wants, ...steps.flatMap(({ rule }) => rule.inputs)])
  const outputsOf = (index: number, rule: SkillRule): string[] =>
    rule.outputs.filter((fact) => needed.has(fact) && maker[fact] === index).map((fact) => facts.name(fact))

  const made = steps.map(({ index, rule, id }): MessageInitShape<typeof TaskStepSchema> => {
    const outputs = outputsOf(index, rule)
    const inputs = rule.inputs.map((fact) => ({ name: facts.name(fact), from: from(fact) }))
    const given = inputs.map(({ name }) => name)
    return {
      id,
      title: `${outputs.join(', ')} by ${rule.capability}`,
      agent: {
        // Whoever is assigned later must not be one that is to be avoided: the step keeps to the agent that was chosen.
        agent: goal.avoid.length === 0 ? '' : rule.skills[0].agent,
        capability: rule.capability,
        language: rule.language ?? '',
        domains: [...goal.domains],
        outputs,
        given,
        planned: true
      },
      text: `Wanted: ${outputs.join(', ')}.${given.length === 0 ? '' : ` Given in the data: ${given.join(', ')}.`}`,
      inputs,
      outputs
    }
  })

  const said = steps.slice(0, MAX_EXPLAINED).map(({ index, rule, id }) => {
    const [first, ...others] = rule.skills
    const who = others.length === 0 ? first.agent : `${first.agent} or ${others.length} more`
    const outputs = outputsOf(index, rule)
    const rivals = new Set(rule.outputs.filter((fact) => outputs.includes(facts.name(fact))).flatMap((fact) => set.makers[fact] ?? []))
    const inputs = rule.inputs.map((fact) => `${facts.name(fact)} (${maker[fact] === THERE ? 'given' : (idOf.get(maker[fact] ?? THERE) ?? '')})`)
    const chosenOf = rivals.size > 1 ? `; chosen of ${rivals.size} kinds of skills for the fewest steps, the own domain first` : ''
    return `Step ${id}: ${rule.capability} (${who}) puts out ${outputs.join(', ')} from ${inputs.join(', ') || 'nothing'}${chosenOf}.`
  })
  const explanation = [
    `Wanted: ${goal.want.join(', ')}. Given: ${Object.keys(goal.given).join(', ') || 'nothing'}.`,
    `${skills} skills that put out something needed were found; the goal's constraints leave out ${banned}; ${steps.length} steps are needed, and none of them can be left out.`,
    ...said,
    ...(steps.length > MAX_EXPLAINED ? [`${steps.length - MAX_EXPLAINED} more steps are not explained here.`] : [])
  ]
  return create(TaskGraphSchema, {
    name: goal.name,
    description: goal.description,
    steps: made,
    given: Object.fromEntries(Object.entries(goal.given).map(([name, value]) => [name, fromJson(ValueSchema, value)])),
    results: goal.want.map((name) => ({ name, from: from(facts.number(name)) })),
    deadlineMs: BigInt(goal.deadlineMs),
    parallel: goal.parallel,
    budget: goal.budget ?? 0,
    planner: 'capability',
    explanation
  })
}
