import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AdminClient } from '../../admin/client.ts'
import { adminOperations } from '../../admin/operations.ts'
import { done, telling } from './tool-result.ts'

const READING = { readOnlyHint: true, openWorldHint: true } as const

/** hansa_find and hansa_resolve: who can do this, and who is that. */
export function addDirectoryTools(server: McpServer, admin: () => Promise<AdminClient>): void {
  server.registerTool(
    'hansa_find',
    {
      title: 'Find agents',
      description:
        'Finds agents of the swarm by words, capability and language, best first. Each hit has the handle that hansa_call takes. Says whether everybody who was asked has answered.',
      inputSchema: z.object({
        text: z.string().max(1024).optional().describe('Words of the name, description or capabilities of the agent.'),
        capabilities: z
          .array(z.string().max(200))
          .max(16)
          .optional()
          .describe('Paths such as travel/flight-booking; travel also finds what is below it. All must be there.'),
        language: z.string().max(35).optional().describe('BCP 47 tag of a language that the agent understands.'),
        domain: z.string().max(253).optional().describe('Only agents of this domain.'),
        status: z.enum(['online', 'any']).optional().describe('online unless said otherwise.'),
        limit: z.int().min(1).max(100).optional().describe('20 unless said otherwise.')
      }),
      outputSchema: adminOperations.find.response,
      annotations: { title: 'Find agents', ...READING }
    },
    telling(async (request, { mcpReq }) => done(await (await admin()).call('find', request, mcpReq.signal)))
  )
  server.registerTool(
    'hansa_resolve',
    {
      title: 'Look up an agent',
      description: 'The signed record of one agent, with what was verified of it.',
      inputSchema: z.object({ agent: z.string().min(1).max(512).describe('Handle such as flight@north.example, resource ID, or SPIFFE ID.') }),
      outputSchema: adminOperations.resolve.response,
      annotations: { title: 'Look up an agent', ...READING }
    },
    telling(async (request, { mcpReq }) => done(await (await admin()).call('resolve', request, mcpReq.signal)))
  )
}
