import { NeedState, type TaskGraph, type TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import { conditionText } from './condition-text.ts'
import { criteriaText } from './criteria-text.ts'
import { GraphIndex } from './graph-index.ts'

/** The graph as a flowchart of Mermaid. Steps with conditions are hexagons; a line that is dotted is gone when the step before has failed, or ended in any way. */
export function graphMermaid(graph: TaskGraph): string {
  const { needs } = new GraphIndex(graph)
  const nodes = graph.steps.map((step, place) => `  s${place}${step.conditions.length > 0 ? `{{"${label(step)}"}}` : `["${label(step)}"]`}`)
  const edges = needs.flatMap((list, place) => list.map(({ step, on }) => `  s${step} ${arrow(on)} s${place}`))
  return ['flowchart TD', ...nodes, ...edges].join('\n') + '\n'
}

function label(step: TaskStep): string {
  const lines = [
    step.title === '' ? step.id : `${step.id}: ${step.title}`,
    criteriaText(step.agent),
    ...step.conditions.map((condition) => `if ${conditionText(condition)}`)
  ]
  return lines.map(escape).join('<br/>')
}

function arrow(on: NeedState): string {
  if (on === NeedState.FAILED) return '-. failed .->'
  return on === NeedState.ENDED ? '-. ended .->' : '-->'
}

/** Nothing of a label is markup: everything but letters, digits, spaces and plain signs goes as Mermaid's #code;. */
function escape(text: string): string {
  return text.replace(/[\p{Cc}]+/gu, ' ').replace(/[^\p{L}\p{N}\p{M} .,:/@_-]/gu, (sign) => `#${sign.codePointAt(0) ?? 0};`)
}
