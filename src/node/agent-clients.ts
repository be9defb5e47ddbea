import { createCardClient } from '../adapters/http/card-client.ts'
import { createJsonRpcTransport } from '../adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../adapters/http/rest-transport.ts'
import type { AgentClient } from '../ports/agent-client.ts'

/** Speaks to the agent whose card is at `card` (its origin, the URL of its card, or a file: URL) over whatever its card offers first and we speak. */
export function createAgentClient(card: string): AgentClient {
  return createCardClient({ card, transports: [createJsonRpcTransport(), createRestTransport()] })
}
