import type { Socket } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { AgentCard } from '@a2a-js/sdk'
import {
  type AgentExecutor,
  DefaultRequestHandler,
  InMemoryPushNotificationStore,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  ServerCallContext
} from '@a2a-js/sdk/server'
import { LegacyA2AService, legacyGrpcService } from '@a2a-js/sdk/compat/v0_3/server/grpc'
import { A2AService, grpcService, UserBuilder } from '@a2a-js/sdk/server/grpc'
import mqtt from 'mqtt'

const FULL = {
  name: 'All',
  description: 'Echoes, counts, waits',
  version: '1.0.0',
  capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true },
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [{ id: 'test/all', name: 'All', description: 'All', tags: [] }]
}

/** A card with one interface, as `version` writes it. */
export function cardOf(url: string, binding: string, version: '1.0' | '0.3' = '1.0'): object {
  if (version === '0.3') return { ...FULL, protocolVersion: '0.3.0', url, preferredTransport: binding }
  return { ...FULL, supportedInterfaces: [{ url, protocolBinding: binding, protocolVersion: version }] }
}

function handlerOf(executor: AgentExecutor, protocolBinding: string, protocolVersion = '1.0'): DefaultRequestHandler {
  // The SDK serves only what its own card names.
  const card = AgentCard.fromJSON({ ...FULL, supportedInterfaces: [{ url: 'http://unused.example', protocolBinding, protocolVersion }] })
  return new DefaultRequestHandler(card, new InMemoryTaskStore(), executor, undefined, new InMemoryPushNotificationStore(), undefined, card)
}

export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** The SDK's own gRPC server. */
export async function serveGrpc(executor: AgentExecutor, version: '1.0' | '0.3' = '1.0'): Promise<Served> {
  const server = new Server()
  const options = { requestHandler: handlerOf(executor, 'GRPC', version), userBuilder: UserBuilder.noAuthentication }
  if (version === '1.0') server.addService(A2AService, grpcService(options))
  else server.addService(LegacyA2AService, legacyGrpcService(options))
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)))
  )
  return { url: `127.0.0.1:${port}`, close: () => Promise.resolve(server.forceShutdown()) }
}

/**
 * The SDK's request handler behind the A2A-over-MQTT profile. The profile has requesters make task IDs and the SDK makes its own, so each is known here by both.
 */
export async function serveMqtt(executor: AgentExecutor, broker: string, path: string): Promise<Served> {
  const rpc = new JsonRpcTransportHandler(handlerOf(executor, 'JSONRPC'))
  const client = await mqtt.connectAsync(broker, { protocolVersion: 5, clientId: path, reconnectPeriod: 0 })
  // The library leaves Nagle's delay on: 44 ms for each answer.
  ;(client.stream as Socket).setNoDelay(true)
  const own = new Map<string, string>()
  const wanted = new Map<string, string>()
  const rename = (text: string): string => [...wanted].reduce((all, [mine, theirs]) => all.replaceAll(mine, theirs), text)

  async function serve(text: string, publish: (text: string) => void): Promise<void> {
    const request = JSON.parse(text) as { params?: { id?: string; message?: { taskId?: string } } }
    const asked = request.params?.message?.taskId
    if (request.params?.message !== undefined && asked !== undefined) {
      const known = own.get(asked)
      if (known === undefined) delete request.params.message.taskId
      else request.params.message.taskId = known
    }
    if (request.params?.id !== undefined) request.params.id = own.get(request.params.id) ?? request.params.id
    const learn = (answer: string): string => {
      const mine = /"(?:taskId|id)":"([0-9a-f-]{36})"/.exec(answer)?.[1]
      if (asked !== undefined && mine !== undefined && !own.has(asked)) {
        own.set(asked, mine)
        wanted.set(mine, asked)
      }
      return rename(answer)
    }
    const answer: unknown = await rpc.handle(request as never, new ServerCallContext({ requestedVersion: '1.0' } as never))
    if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer)
      for await (const event of answer as AsyncIterable<unknown>) publish(learn(JSON.stringify(event)))
    else publish(learn(JSON.stringify(answer)))
  }

  client.on('message', (_topic, payload, { properties: { responseTopic = '', correlationData } = {} }) => {
    void serve(payload.toString(), (text) => client.publish(responseTopic, text, { qos: 1, properties: { correlationData } }))
  })
  await client.subscribeAsync(`$a2a/v1/request/${path}`, { qos: 1 })
  return { url: `${broker}/${path}`, close: () => client.endAsync(true) }
}
