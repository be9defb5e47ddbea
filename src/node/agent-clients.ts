import { createCardClient } from '../adapters/http/card-client.ts'
import { createJsonRpcTransport } from '../adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../adapters/http/rest-transport.ts'
import { speaksMqtt } from '../adapters/mqtt/agent-address.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { AgentClient, AgentFace, AgentTransport } from '../ports/agent-client.ts'
import type { Mapping } from '../wire/binding/mapping/mapping.ts'

/**
 * Speaks to the agent whose card is at `card` (its origin, the URL of its card, or a file: URL) over whatever its card offers first and we speak; `mapping`: to a
 * plain service that is no agent.
 */
export async function createAgentClient(card: string, mapping?: Mapping): Promise<AgentClient> {
  const plain = mapping === undefined ? [] : [(await import('./mapping/mapped-transport.ts')).createMappedTransport(mapping)]
  return createCardClient({ card, transports: [...plain, createJsonRpcTransport(), createRestTransport(), grpc(), mqtt()] })
}

// Most agents speak neither gRPC nor MQTT, and their libraries take a second to load. Each client has its own: closing one must not close another's.
function grpc(): AgentTransport {
  return onDemand(
    ({ binding, version }) => binding === 'GRPC' && (version === '1.0' || version === '0.3'),
    async () => (await import('../adapters/grpc/grpc-transport.ts')).createGrpcTransport()
  )
}

function mqtt(): AgentTransport {
  return onDemand(speaksMqtt, async () => (await import('../adapters/mqtt/agent-transport.ts')).createMqttTransport({ clock: systemClock }))
}

function onDemand(speaks: (face: AgentFace) => boolean, load: () => Promise<AgentTransport>): AgentTransport {
  let loaded: Promise<AgentTransport> | undefined
  const transport = (): Promise<AgentTransport> => (loaded ??= load())
  return {
    speaks,
    async *invoke(...call) {
      yield* (await transport()).invoke(...call)
    },
    knock: async (face, signal) => (await transport()).knock(face, signal),
    close: async () => (await loaded)?.close?.()
  }
}
