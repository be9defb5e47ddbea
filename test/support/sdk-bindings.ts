import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentCard } from '@a2a-js/sdk'
import { type AgentExecutor, DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore } from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'

/** What express makes of a request. */
type Request = IncomingMessage & { readonly originalUrl: string }

export interface BoundAgent {
  /** URL of the card. */
  readonly card: string
  /** Requests that it got: method and path, with the headers. */
  readonly requests: Pick<Request, 'method' | 'originalUrl' | 'headers'>[]
  /** Requests whose connection is open. */
  readonly open: () => number
  close(): Promise<void>
}

/** An agent by the SDK's own means, whose only interface is `binding` at `version`; the card is written as `version` writes it. */
export async function bindSdkAgent(binding: 'JSONRPC' | 'HTTP+JSON', version: '1.0' | '0.3', executor: AgentExecutor): Promise<BoundAgent> {
  const app = express()
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = app.listen(0, '127.0.0.1', (error) => (error === undefined ? resolve(listening) : reject(error)))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const full = AgentCard.fromJSON({
    name: 'Bound',
    description: 'Speaks one binding',
    version: '1.0.0',
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [{ id: 'test/bound', name: 'Bound', description: 'Bound', tags: [] }],
    supportedInterfaces: [{ url: `${origin}/a2a`, protocolBinding: binding, protocolVersion: version }]
  })
  const webhooks = new InMemoryPushNotificationStore()
  const requestHandler = new DefaultRequestHandler(full, new InMemoryTaskStore(), executor, undefined, webhooks, undefined, full)
  const legacyCompat = { enabled: true }
  const requests: BoundAgent['requests'][number][] = []
  let open = 0
  app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler, legacyCompat }))
  app.use('/a2a', (request: Request, response: ServerResponse, next: () => void) => {
    requests.push({ method: request.method, originalUrl: request.originalUrl, headers: request.headers })
    open++
    response.once('close', () => open--)
    next()
  })
  app.use(express.json({ limit: '32mb', strict: false, type: ['application/json', 'application/a2a+json'] }))
  const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat }
  app.use('/a2a', binding === 'JSONRPC' ? jsonRpcHandler(options) : restHandler(options))
  return {
    card: `${origin}/.well-known/agent-card.json`,
    requests,
    open: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
