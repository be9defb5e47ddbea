import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AdminAnswer, AdminClient } from '../../admin/client.ts'
import { HansaError } from '../../schema/errors.ts'
import type { JsonDocument } from '../arguments.ts'
import { progressOf } from './progress.ts'
import { done, telling } from './tool-result.ts'

type View = AdminAnswer<'taskShow'>

/** Steps that are shown; a graph may have ten thousand, and a model has to read them all. */
const MAX_STEPS = 200

const taskId = z.string().min(1).max(128).describe('ID of the task, as hansa_task_run gave it.')

const task = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string().describe('pending, in progress, input required, completed, failed or canceled.'),
  session: z.string(),
  counts: z.record(z.string(), z.int()).describe('Steps by state.'),
  steps: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      state: z.string(),
      agent: z.string(),
      text: z.string().optional(),
      question: z.string().optional().describe('What the agent asks; answer it with hansa_task_answer.'),
      failure: z.string().optional()
    })
  ),
  results: z.record(z.string(), z.unknown()).describe('Those that there are so far.'),
  failure: z.string().optional()
})

/** hansa_task_run, _show, _answer and _cancel: what several agents do together (draft 2.4). */
export function addTaskTools(server: McpServer, admin: () => Promise<AdminClient>): void {
  server.registerTool(
    'hansa_task_run',
    {
      title: 'Run a task',
      description:
        'Lets several agents do something together: plans a goal (what is wanted, what is given) or takes a workflow, and runs it. Waits until it has ended or an agent asks something, with progress for each step. The task lives on in the node when you stop waiting; hansa_task_cancel ends it.',
      inputSchema: z.object({
        goal: z
          .record(z.string(), z.unknown())
          .optional()
          .describe('A goal such as {"want": ["visa"], "given": {"destination": "Oslo"}}, or a workflow, as an object.'),
        source: z.string().max(1_000_000).optional().describe('The same as the text of a YAML or JSON file.'),
        given: z.record(z.string(), z.unknown()).optional().describe('Facts that are given beside those in the goal.'),
        id: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
          .optional()
          .describe('A name for the task: the same again starts nothing new, so that a call whose answer was lost can be made again.'),
        wait: z.boolean().optional().describe('false: return as soon as it has begun.')
      }),
      outputSchema: task,
      annotations: { title: 'Run a task', readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }
    },
    telling(async ({ goal, source, given, id, wait }, context) => {
      if ((goal === undefined) === (source === undefined)) throw new HansaError('INVALID_ARGUMENT', 'either goal or source is wanted', { argument: 'goal' })
      const client = await admin()
      const request = { goal: goal as JsonDocument | undefined, source, given: given as Record<string, JsonDocument> | undefined, id }
      const begun = await client.call('taskRun', request, context.mcpReq.signal)
      return resultOf(wait === false ? begun : await watched(client, begun, context))
    })
  )
  server.registerTool(
    'hansa_task_show',
    {
      title: 'Show a task',
      description: 'One task with its steps, what they gave, and what an agent asks.',
      inputSchema: z.object({ id: taskId }),
      outputSchema: task,
      annotations: { title: 'Show a task', readOnlyHint: true, openWorldHint: false }
    },
    telling(async (request, { mcpReq }) => done(shown(await (await admin()).call('taskShow', request, mcpReq.signal))))
  )
  server.registerTool(
    'hansa_task_answer',
    {
      title: 'Answer a question of a task',
      description: 'Answers what the agent of a step asks (state "input required"), and waits until the task has ended or something else is asked.',
      inputSchema: z.object({
        id: taskId,
        step: z.string().min(1).max(63).describe('ID of the step that asks.'),
        text: z.string().max(1_000_000).optional(),
        data: z.record(z.string(), z.unknown()).optional(),
        wait: z.boolean().optional().describe('false: return as soon as the answer is taken.')
      }),
      outputSchema: task,
      annotations: { title: 'Answer a question of a task', readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }
    },
    telling(async ({ id, step, text, data, wait }, context) => {
      const client = await admin()
      const taken = await client.call('taskAnswer', { id, step, text, data: data as JsonDocument | undefined }, context.mcpReq.signal)
      return resultOf(wait === false ? taken : await watched(client, taken, context))
    })
  )
  server.registerTool(
    'hansa_task_cancel',
    {
      title: 'Cancel a task',
      description: 'Cancels a task, at every agent that works on it. What has been done stays done.',
      inputSchema: z.object({ id: taskId }),
      outputSchema: task,
      annotations: { title: 'Cancel a task', readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true }
    },
    telling(async (request, { mcpReq }) => done(shown(await (await admin()).call('taskCancel', request, mcpReq.signal))))
  )
}

/** The task when it has ended, or when it waits for somebody, who may well be our client. */
async function watched(client: AdminClient, begun: View, context: ServerContext): Promise<View> {
  const progress = progressOf(context)
  const told = new Map<string, string>()
  let last = begun
  for await (const view of client.stream('taskWatch', { id: begun.id }, context.mcpReq.signal)) {
    last = view
    const news = view.steps.flatMap(({ id, title, state, progress: word = '' }) => {
      const now = `${title || id}: ${state}${word === '' ? '' : ` (${word})`}`
      if (state === 'pending' || told.get(id) === now) return []
      told.set(id, now)
      return [now]
    })
    if (news.length > 0) await progress.tell(news.join('; '))
    if (view.state === 'input required') break
  }
  return last
}

function resultOf(view: View): CallToolResult {
  const result = done(shown(view))
  return view.state === 'failed' ? { ...result, isError: true } : result
}

function shown({ id, name, state, session, counts, steps, results, failure }: View): z.infer<typeof task> {
  return {
    ...{ id, name, state, session, counts, results },
    steps: steps.slice(0, MAX_STEPS).map((step) => ({
      id: step.id,
      title: step.title,
      state: step.state,
      agent: step.attempts.at(-1)?.agent ?? step.agent,
      ...(step.text === undefined ? {} : { text: step.text }),
      ...(step.question === undefined ? {} : { question: step.question }),
      ...failureOf(step.failure)
    })),
    ...failureOf(failure)
  }
}

function failureOf(failure: View['failure']): { failure?: string } {
  return failure === undefined ? {} : { failure: `${failure.message} (${failure.code}). ${failure.hint}` }
}
