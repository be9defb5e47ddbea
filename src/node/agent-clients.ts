import { createGrpcTransport } from '../adapters/grpc/grpc-transport.ts'
import { createCardClient } from '../adapters/http/card-client.ts'
import { createJsonRpcTransport } from '../adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../adapters/http/rest-transport.ts'
import { createMqttTransport } from '../adapters/mqtt/agent-transport.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { AgentClient } from '../ports/agent-client.ts'
import type { Mapping } from '../wire/binding/mapping/mapping.ts'
import { createMappedTransport } from './mapping/mapped-transport.ts'

/**
 * Speaks to the agent whose card is at `card` (its origin, the URL of its card, or a file: URL) over whatever its card offers first and we speak; `mapping`: to a
 * plain service that is no agent.
 */
export function createAgentClient(card: string, mapping?: Mapping): AgentClient {
  const transports = [createJsonRpcTransport(), createRestTransport(), createGrpcTransport(), createMqttTransport({ clock: systemClock })]
  return createCardClient({ card, transports: mapping === undefined ? transports : [createMappedTransport(mapping), ...transports] })
}
