import { covers } from '../../src/core/ids/capability.ts'
import { coversLanguage } from '../../src/core/ids/language-tag.ts'
import type { PlanGoal } from '../../src/core/task/plan-goal.ts'
import type { PlannableSkill } from '../../src/core/task/plannable-skill.ts'
import type { TaskGraph, TaskStep } from '../../src/schema/generated/hansa/v1/task_pb.ts'

/** A skill of an agent: `skill('visa@north.example', ['passport'], ['visa'])`. */
export function skill(agent: string, inputs: readonly string[], outputs: readonly string[], more: Partial<PlannableSkill> = {}): PlannableSkill {
  const [name = '', domain = ''] = agent.split('@')
  return { agent, domain, languages: ['en'], skill: name, capabilities: [`x/${name}`], inputs, outputs, ...more }
}

/** A goal without constraints, but for those given. */
export function goal(want: readonly string[], given: readonly string[] = [], more: Partial<PlanGoal> = {}): PlanGoal {
  return {
    name: 'goal',
    description: '',
    want,
    given: Object.fromEntries(given.map((fact) => [fact, `the ${fact}`])),
    languages: [],
    domains: [],
    avoid: [],
    budget: undefined,
    deadlineMs: 0,
    parallel: 0,
    ...more
  }
}

/** Skills that the criteria of a step allow. */
export function fitting({ agent }: TaskStep, skills: readonly PlannableSkill[]): PlannableSkill[] {
  if (agent === undefined) return []
  return skills.filter(
    (one) =>
      one.capabilities.some((path) => covers(agent.capability, path)) &&
      one.inputs.every((fact) => agent.given.includes(fact)) &&
      agent.outputs.every((fact) => one.outputs.includes(fact)) &&
      (agent.agent === '' || agent.agent === one.agent) &&
      (agent.domains.length === 0 || agent.domains.includes(one.domain)) &&
      (agent.language === '' || one.languages.some((tag) => coversLanguage(agent.language, tag)))
  )
}

/**
 * Does the graph by hand: each step in order, with a skill that its criteria allow, all inputs there, its outputs then there. Throws naming what does not fit.
 * @param without a step that is left out
 * @returns whether all results are there
 */
export function simulate(graph: TaskGraph, skills: readonly PlannableSkill[], aim: PlanGoal, without?: string): boolean {
  const done = new Map<string, ReadonlySet<string>>()
  const resolves = (from: string): boolean => {
    const [of, first = '', , fact = ''] = from.split('.')
    return of === 'given' ? Object.hasOwn(graph.given, first) : (done.get(first)?.has(fact) ?? false)
  }
  let open = graph.steps.filter(({ id }) => id !== without)
  for (;;) {
    const ready = open.filter(({ inputs }) => inputs.every(({ from }) => resolves(from)))
    if (ready.length === 0) break
    for (const step of ready) {
      const sent = step.inputs.map(({ name }) => name)
      const { given = [], outputs = [], planned = false } = step.agent ?? {}
      if (given.join() !== sent.join() || outputs.join() !== step.outputs.join() || !planned) throw new Error(`${step.id}: criteria differ from the step`)
      const fits = fitting(step, skills)
      if (fits.length === 0) throw new Error(`nobody fits ${step.id}`)
      if (fits.some(({ agent: handle }) => aim.avoid.includes(handle))) throw new Error(`${step.id} may go to one that is to be avoided`)
      done.set(step.id, new Set(outputs))
    }
    open = open.filter((step) => !ready.includes(step))
  }
  if (open.length > 0 && without === undefined) throw new Error(`${open[0]?.id} never runs`)
  return graph.results.every(({ from }) => resolves(from))
}
