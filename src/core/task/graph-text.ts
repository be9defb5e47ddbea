import { NeedState, type TaskGraph, type TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import { conditionText } from './condition-text.ts'
import { criteriaText } from './criteria-text.ts'
import { GraphIndex } from './graph-index.ts'
import { jsonOf } from './json-value.ts'

/** A value in a line is cut to this many characters. */
const MAX_VALUE = 60

const ON: Readonly<Record<number, string>> = { [NeedState.COMPLETED]: '', [NeedState.FAILED]: ' has failed', [NeedState.ENDED]: ' has ended' }

/**
 * A graph that has been checked, as lines for people. Steps stand in the order in which they can run; those with the same number can run at the same time.
 */
export function graphText(graph: TaskGraph): string[] {
  const index = new GraphIndex(graph)
  const waves = wavesOf(index)
  const order = graph.steps.map((step, place) => ({ step, place, wave: waves[place] ?? 0 })).sort((a, b) => a.wave - b.wave || a.place - b.place)
  return order.flatMap(({ step, place, wave }) => {
    const after = (index.needs[place] ?? []).map((edge) => (graph.steps[edge.step]?.id ?? '') + (ON[edge.on] ?? ''))
    return [`${wave}. ${heading(step)}${after.length === 0 ? '' : `, after ${after.join(', ')}`}`, ...details(step).map((line) => `     ${line}`)]
  })
}

function heading({ id, title, agent }: TaskStep): string {
  return `${id}${title === '' ? '' : ` (${title})`}: ${criteriaText(agent)}`
}

function details(step: TaskStep): string[] {
  const limits = [
    ...(step.attempts === 0 ? [] : [`${step.attempts} attempts`]),
    ...(step.timeoutMs === 0 ? [] : [`${step.timeoutMs} ms each`]),
    ...(step.allowFailure ? ['may fail'] : []),
    ...(step.repeatable ? ['may be done twice'] : [])
  ]
  return [
    ...step.inputs.map(
      ({ name, from, value, optional }) => `${name} <- ${value === undefined ? from : cut(JSON.stringify(jsonOf(value)))}${optional ? ' (if there)' : ''}`
    ),
    ...step.conditions.map((condition) => `only if ${conditionText(condition)}`),
    ...(step.outputs.length === 0 ? [] : [`-> ${step.outputs.join(', ')}`]),
    ...(limits.length === 0 ? [] : [limits.join(', ')])
  ]
}

function cut(text: string): string {
  return text.length > MAX_VALUE ? text.slice(0, MAX_VALUE) + '…' : text
}

/** For each step, one more than the latest of those that it waits for. */
function wavesOf({ needs, waiters }: GraphIndex): number[] {
  const waves = needs.map(() => 1)
  const open = needs.map(({ length }) => length)
  const free = open.flatMap((count, place) => (count === 0 ? [place] : []))
  for (let next = free.pop(); next !== undefined; next = free.pop())
    for (const { step } of waiters[next] ?? []) {
      waves[step] = Math.max(waves[step] ?? 1, (waves[next] ?? 1) + 1)
      open[step] = (open[step] ?? 0) - 1
      if (open[step] === 0) free.push(step)
    }
  return waves
}
