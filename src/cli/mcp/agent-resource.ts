import { type McpServer, ProtocolError, ProtocolErrorCode, ResourceTemplate } from '@modelcontextprotocol/server'
import type { AdminClient } from '../../admin/client.ts'
import { toHansaError } from '../../schema/errors.ts'

/** Agents that a list of resources names; the others are found with hansa_find. */
const LISTED = 100

const TYPE = 'application/json'

/** hansa://agent/{handle}: the card of an agent, as the agent itself gives it. */
export function addAgentResource(server: McpServer, admin: () => Promise<AdminClient>): void {
  const template = new ResourceTemplate('hansa://agent/{handle}', {
    list: async ({ mcpReq }) => {
      // A list is asked for before anybody calls anything: without a node it is empty, and the tools say why.
      const found = await admin()
        .then((client) => client.call('find', { limit: LISTED }, mcpReq.signal))
        .catch(() => undefined)
      const hits = found?.hits ?? []
      return {
        resources: hits.map(({ handle, name, description }) => ({ uri: `hansa://agent/${handle}`, name: handle, title: name, description, mimeType: TYPE }))
      }
    }
  })
  server.registerResource(
    'agent',
    template,
    { title: 'Card of an agent', description: 'What the agent of this handle can do, and how it is spoken to (A2A AgentCard).', mimeType: TYPE },
    async (uri, { handle = '' }, { mcpReq }) => {
      try {
        const { card } = await (await admin()).call('card', { agent: decodeURIComponent(String(handle)) }, mcpReq.signal)
        return { contents: [{ uri: uri.href, mimeType: TYPE, text: JSON.stringify(card, undefined, 2) }] }
      } catch (thrown) {
        const error = toHansaError(thrown)
        throw new ProtocolError(ProtocolErrorCode.InternalError, `${error.message} (${error.code}). ${error.hint}`)
      }
    }
  )
}
