import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AdminClient } from '../../admin/client.ts'
import { adminOperations } from '../../admin/operations.ts'
import { done, telling } from './tool-result.ts'

/** What is said in one answer, unless more is asked for. */
const LIMIT = 20

const READING = { readOnlyHint: true, openWorldHint: false } as const

const entry = z.object({
  sequence: z.number(),
  at: z.number().describe('Milliseconds since the epoch.'),
  from: z.string(),
  to: z.string(),
  kind: z.string(),
  text: z.string(),
  state: z.string().optional(),
  language: z.string().optional()
})

/** hansa_session_list and hansa_session_show: what was said (draft 2.4). */
export function addSessionTools(server: McpServer, admin: () => Promise<AdminClient>): void {
  server.registerTool(
    'hansa_session_list',
    {
      title: 'List conversations',
      description: 'Conversations of this node with agents, newest first.',
      inputSchema: z.object({
        text: z.string().max(256).optional().describe('Only those in which all these words were said.'),
        peer: z.string().max(512).optional().describe('Only those with this agent.'),
        limit: z.int().min(1).max(100).optional().describe(`${LIMIT} unless said otherwise.`)
      }),
      outputSchema: adminOperations.sessionList.response,
      annotations: { title: 'List conversations', ...READING }
    },
    telling(async ({ limit = LIMIT, text, peer }, { mcpReq }) => {
      // A GET of the admin API carries texts only, and an absent one must not become the word "undefined".
      const query = { limit: String(limit), ...(text === undefined ? {} : { text }), ...(peer === undefined ? {} : { peer }) }
      return done(await (await admin()).call('sessionList', query, mcpReq.signal))
    })
  )
  server.registerTool(
    'hansa_session_show',
    {
      title: 'Read a conversation',
      description:
        'What was said in one conversation, in its order; the last entries unless from is given. Go on with it by giving its id as session to hansa_call.',
      inputSchema: z.object({
        id: z.string().min(1).max(256).describe('As hansa_session_list or hansa_call gave it.'),
        from: z.int().min(1).max(999_999_999).optional().describe('Sequence of the first entry that is wanted.'),
        limit: z.int().min(1).max(200).optional().describe(`${LIMIT} unless said otherwise.`)
      }),
      outputSchema: z.object({ session: adminOperations.sessionShow.response.shape.session, entries: z.array(entry) }),
      annotations: { title: 'Read a conversation', ...READING }
    },
    telling(async ({ id, from, limit = LIMIT }, { mcpReq }) => {
      const query = { id, limit: String(limit), ...(from === undefined ? {} : { from: String(from) }) }
      const { session, entries } = await (await admin()).call('sessionShow', query, mcpReq.signal)
      return done({ session, entries: entries.map((one) => entry.parse(one)) })
    })
  )
}
