import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AdminClient, AdminAnswer } from '../../admin/client.ts'
import { HansaError } from '../../schema/errors.ts'
import type { JsonDocument } from '../arguments.ts'
import { AgentAnswer } from './agent-answer.ts'
import { progressOf } from './progress.ts'
import { telling } from './tool-result.ts'

/** Time in which an agent is told that its task is canceled, in milliseconds. */
const CANCEL_MS = 5_000

const request = z.object({
  agent: z.string().min(1).max(512).describe('Handle from hansa_find, such as flight@north.example.'),
  text: z.string().max(1_000_000).optional().describe('What to say, in words.'),
  data: z.record(z.string(), z.unknown()).optional().describe('What to say, as data (an A2A data part); see the card of the agent for what it takes.'),
  session: z.string().min(1).max(256).optional().describe('Goes on with an earlier conversation: the session of an earlier answer.'),
  to_language: z.string().max(35).optional().describe('BCP 47 tag: a language of the agent, for the message, or another, for answers in it.'),
  timeout_seconds: z.number().min(0.1).max(3_600).optional().describe('How long to wait.')
})

const answer = z.object({
  agent: z.string(),
  text: z.string().describe('The words of the answer.'),
  data: z.array(z.unknown()).describe('The data parts of the answer.'),
  files: z.array(z.object({ name: z.string(), mediaType: z.string(), size: z.int().optional(), url: z.string().optional() })),
  session: z.string().describe('Give it with the next call to go on with this conversation.'),
  task: z.string().optional().describe('A2A taskId, where the answer is a task.'),
  state: z.string().optional().describe('A2A state of that task.'),
  ms: z.number(),
  gateways: z.array(z.string()).describe('Those on the way.'),
  encrypted: z.boolean().describe('End to end: no gateway could read it.'),
  translations: z.array(z.object({ gateway: z.string(), from: z.string(), to: z.string(), engine: z.string(), reply: z.boolean() }))
})

/** hansa_call: a message to an agent, its answer, and how it goes meanwhile. */
export function addCallTool(server: McpServer, admin: () => Promise<AdminClient>): void {
  server.registerTool(
    'hansa_call',
    {
      title: 'Call an agent',
      description:
        'Sends a message to an agent of the swarm and waits for the answer. What the agent says meanwhile comes as progress, if you ask for progress. Canceling the tool cancels the task of the agent.',
      inputSchema: request,
      outputSchema: answer,
      annotations: { title: 'Call an agent', readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }
    },
    telling(async ({ agent, text, data, session, to_language: toLanguage, timeout_seconds: seconds }, context) => {
      if (text === undefined && data === undefined)
        throw new HansaError('INVALID_ARGUMENT', 'there is nothing to send: give text or data', { argument: 'text' })
      const { signal } = context.mcpReq
      const client = await admin()
      const progress = progressOf(context)
      const stream = progress.wanted && (await client.call('resolve', { agent }, signal)).agent.streaming
      const timeoutMs = seconds === undefined ? undefined : Math.ceil(seconds * 1_000)
      const events = client.stream('call', { agent, text, data: data as JsonDocument | undefined, session, toLanguage, timeoutMs, stream }, signal)
      const heard = new AgentAnswer()
      let end: Extract<AdminAnswer<'call'>, { kind: 'end' }> | undefined
      try {
        for await (const event of events) {
          if (event.kind === 'end') end = event
          else {
            const news = heard.take(event.response, stream)
            if (news !== '') await progress.tell(news)
          }
        }
      } catch (thrown) {
        // A stream that we leave does not end the agent's task; whoever cancels wants that.
        if (signal.aborted && heard.running) await client.call('cancelCall', { agent, task: heard.task }, AbortSignal.timeout(CANCEL_MS)).catch(() => undefined)
        throw thrown
      }
      if (end === undefined) throw new HansaError('CONNECTION_LOST', 'the answer ended before it was whole')
      return resultOf(heard, end)
    })
  )
}

function resultOf(heard: AgentAnswer, end: Extract<AdminAnswer<'call'>, { kind: 'end' }>): CallToolResult {
  const { task, state } = heard
  const structuredContent = {
    agent: end.agent,
    text: heard.text,
    data: heard.data,
    files: heard.files,
    session: heard.session,
    ...(task === '' ? {} : { task }),
    ...(state === undefined ? {} : { state }),
    ms: end.ms,
    gateways: end.hops.map(({ gateway }) => gateway),
    encrypted: end.encrypted,
    translations: end.translations
  } satisfies z.infer<typeof answer>
  if (!heard.failed) return { content: heard.content(), structuredContent }
  const why = `the task of ${end.agent} ended as ${state}${heard.text === '' ? '' : `: ${heard.text}`} (AGENT_FAILED)`
  return { isError: true, content: [{ type: 'text', text: why }], structuredContent }
}
