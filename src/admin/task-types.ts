import { z } from 'zod'
import { errorShape } from './types.ts'

/** Orchestration in the admin API (draft 2.4). Times are milliseconds since the epoch. */

const json = z.json()
const id = z.string().min(1).max(128)
const step = z.string().min(1).max(63)

export const workState = z.enum(['pending', 'in progress', 'input required', 'completed', 'failed', 'canceled', 'skipped'])
export type WorkStateName = z.infer<typeof workState>

/** Either the text of a workflow or goal file (YAML or JSON), or the same as an object. */
const work = {
  source: z.string().max(4_000_000).optional().meta({ description: 'Text of a workflow or goal file, YAML or JSON.' }),
  file: z.string().max(4096).optional().meta({ description: 'Name of that file, for messages.' }),
  goal: json.optional().meta({ description: 'The same as an object, in place of the text.' }),
  given: z.record(z.string(), json).optional().meta({ description: 'Facts that are given beside those in the file.' })
}

export const taskPlanRequest = z.strictObject(work)
export const plannedStep = z.object({
  id: step,
  title: z.string(),
  agent: z.string().meta({ description: 'Who may do it: a handle, or the capability with language and domains.' }),
  after: z.array(z.string()),
  inputs: z.record(z.string(), z.string()).meta({ description: 'Where each input comes from.' }),
  outputs: z.array(z.string()),
  conditions: z.array(z.string())
})
export const taskPlan = z.object({
  name: z.string(),
  planner: z.enum(['workflow', 'capability']),
  steps: z.array(plannedStep),
  explanation: z.array(z.string()),
  text: z.array(z.string()).meta({ description: 'The graph as lines for people.' }),
  mermaid: z.string(),
  graph: json.meta({ description: 'hansa.v1.TaskGraph as ProtoJSON.' })
})
export type TaskPlan = z.infer<typeof taskPlan>

export const taskRunRequest = z.strictObject({
  ...work,
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
    .optional()
    .meta({ description: 'Chosen by the caller: the same again starts nothing new.' })
})

const attempt = z.object({
  number: z.int(),
  agent: z.string(),
  messageId: z.string(),
  idempotent: z.boolean(),
  taskId: z.string().optional(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  failure: errorShape.optional()
})
const outputFile = z.object({ name: z.string(), mediaType: z.string(), sha256: z.string().optional(), size: z.number().optional(), url: z.string().optional() })
export const taskStep = z.object({
  ...plannedStep.shape,
  state: workState,
  attempts: z.array(attempt),
  text: z.string().optional(),
  data: json.optional(),
  files: z.array(outputFile),
  progress: z.string().optional(),
  question: z.string().optional().meta({ description: 'What the agent asks, in "input required".' }),
  failure: errorShape.optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional()
})
export type TaskStepView = z.infer<typeof taskStep>

export const taskSummary = z.object({
  id,
  name: z.string(),
  state: workState,
  createdAt: z.number(),
  endedAt: z.number().optional(),
  counts: z.partialRecord(workState, z.int()).meta({ description: 'Steps by state.' }),
  failure: errorShape.optional()
})
export type TaskSummary = z.infer<typeof taskSummary>

/** `failure`, not `error`: a top-level `error` ends a stream of the admin API. */
export const taskView = z.object({
  ...taskSummary.shape,
  planner: z.string(),
  session: z.string().meta({ description: 'A2A contextId of its messages.' }),
  steps: z.array(taskStep),
  results: z.record(z.string(), json).meta({ description: 'Results by name, those that there are so far.' }),
  explanation: z.array(z.string())
})
export type TaskView = z.infer<typeof taskView>

export const taskListRequest = z.strictObject({ state: workState.optional() })
export const taskList = z.object({ tasks: z.array(taskSummary) })
export const taskRequest = z.strictObject({ id })
export const taskAnswerRequest = z.strictObject({ id, step, text: z.string().max(1_000_000).optional(), data: json.optional() })
export const taskFileRequest = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })
export const taskFile = z.object({ sha256: z.string(), size: z.number(), base64: z.string() })
