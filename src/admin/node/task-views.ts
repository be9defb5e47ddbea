import { type JsonValue, toJson } from '@bufbuild/protobuf'
import { hex } from '../../core/ids/hex.ts'
import { conditionText } from '../../core/task/condition-text.ts'
import { criteriaText } from '../../core/task/criteria-text.ts'
import { dependenciesOf } from '../../core/task/dependencies.ts'
import { graphMermaid } from '../../core/task/graph-mermaid.ts'
import { graphText } from '../../core/task/graph-text.ts'
import { jsonOf } from '../../core/task/json-value.ts'
import { runResults } from '../../core/task/run-results.ts'
import { stateName } from '../../core/task/work-state.ts'
import type { HansaNode } from '../../node/hansa-node.ts'
import { errorOf } from '../../schema/errors.ts'
import type { ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import {
  type OutputFile,
  type StepAttempt,
  type StepRun,
  type TaskGraph,
  TaskGraphSchema,
  type TaskRun,
  type TaskStep
} from '../../schema/generated/hansa/v1/task_pb.ts'
import type { Message } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { shapeOfError } from '../error-shape.ts'
import type { TaskPlan, TaskStepView, TaskSummary, TaskView, WorkStateName } from '../task-types.ts'

/** A graph as the admin API shows it (draft 2.4). */
export function planOf(graph: TaskGraph): TaskPlan {
  const { name, planner, explanation, steps } = graph
  return {
    name,
    planner: planner === 'capability' ? 'capability' : 'workflow',
    steps: steps.map(plannedStep),
    explanation,
    text: graphText(graph),
    mermaid: graphMermaid(graph),
    graph: toJson(TaskGraphSchema, graph)
  }
}

/** A run in one line. */
export function summaryOf({ id, name, state, createdAt, endedAt, counts, error }: ReturnType<HansaNode['tasks']['list']>[number]): TaskSummary {
  return {
    id,
    name,
    state: stateName(state),
    createdAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    counts: Object.fromEntries([...counts].map(([of, count]) => [stateName(of), count])),
    ...failure(error)
  }
}

/** A run with its steps and results. */
export function viewOf(run: TaskRun): TaskView {
  const counts: Partial<Record<WorkStateName, number>> = {}
  for (const { state } of run.steps) counts[stateName(state)] = (counts[stateName(state)] ?? 0) + 1
  return {
    id: run.id,
    name: run.graph?.name ?? '',
    state: stateName(run.state),
    createdAt: Number(run.createdAt),
    ...time('endedAt', run.endedAt),
    counts,
    ...failure(run.error),
    planner: run.graph?.planner ?? '',
    session: run.contextId,
    steps: run.graph?.steps.flatMap((step, place) => stepOf(step, run.steps[place])) ?? [],
    results: runResults(run) as TaskView['results'],
    explanation: run.graph?.explanation ?? []
  }
}

function stepOf(step: TaskStep, run: StepRun | undefined): TaskStepView[] {
  if (run === undefined) return []
  const { output, question, progress } = run
  return [
    {
      ...plannedStep(step),
      state: stateName(run.state),
      attempts: run.attempts.map(attemptOf),
      ...(output === undefined || output.text === '' ? {} : { text: output.text }),
      ...(output?.data === undefined ? {} : { data: output.data as TaskStepView['data'] }),
      files: output?.files.map(fileOf) ?? [],
      ...(progress === '' ? {} : { progress }),
      ...(question === undefined ? {} : { question: wordsOf(question) }),
      ...failure(run.error),
      ...time('startedAt', run.startedAt),
      ...time('endedAt', run.endedAt)
    }
  ]
}

function plannedStep(step: TaskStep): TaskPlan['steps'][number] {
  const { id, title, agent, inputs, outputs, conditions } = step
  return {
    id,
    title,
    agent: criteriaText(agent),
    after: [...dependenciesOf(step).keys()],
    inputs: Object.fromEntries(inputs.map(({ name, from, value }) => [name, value === undefined ? from : JSON.stringify(jsonOf(value))])),
    outputs,
    conditions: conditions.map(conditionText)
  }
}

function attemptOf({ number, agent, messageId, idempotent, taskId, startedAt, endedAt, error }: StepAttempt): TaskStepView['attempts'][number] {
  return {
    ...{ number, agent, messageId, idempotent },
    ...(taskId === '' ? {} : { taskId }),
    startedAt: Number(startedAt),
    ...time('endedAt', endedAt),
    ...failure(error)
  }
}

function fileOf({ name, mediaType, sha256, size, url }: OutputFile): TaskStepView['files'][number] {
  return { name, mediaType, ...(url === '' ? { sha256: hex(sha256), size: Number(size) } : { url }) }
}

function wordsOf({ parts }: Message): string {
  return parts
    .flatMap(({ content }): JsonValue[] => (content.case === 'text' ? [content.value] : content.case === 'data' ? [jsonOf(content.value)] : []))
    .map(word)
    .join('\n')
}

function word(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function failure(error: ErrorDetail | undefined): Pick<TaskView, 'failure'> {
  return error === undefined ? {} : { failure: shapeOfError(errorOf(error)) }
}

function time<N extends string>(name: N, at: bigint): { [K in N]?: number } {
  return (at === 0n ? {} : { [name]: Number(at) }) as { [K in N]?: number }
}
