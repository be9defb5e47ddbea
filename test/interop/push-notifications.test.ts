import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentCard, SendMessageRequest } from '@a2a-js/sdk'
import { ClientFactory } from '@a2a-js/sdk/client'
import { DefaultPushNotificationSender, DefaultRequestHandler, InMemoryPushNotificationStore, InMemoryTaskStore } from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'
import { waiter } from '../fixtures/agents/waiter.ts'
import { applicable, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

const HANDLE = 'worker@south.example'

/** An unmodified client and an unmodified agent, each of which knows only its own gateway. */
describe('push notifications across two gateways', function () {
  this.timeout(30_000)
  let world: World
  let agent: Server
  let client: Server
  const working = waiter()
  const heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
  /** Addresses that the agent was given. */
  const given: string[] = []

  before(async () => {
    world = await foundWorld({ env: { HANSA_GATEWAY_WEBHOOKS: '127.0.0.1' } })
    agent = await serveAgent()
    client = createServer((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', () => {
        heard.push({ headers: request.headers, body })
        response.end()
      })
    })
    await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve))
    await world.net.agent(world.south, 'worker', { card: origin(agent), capabilities: ['test/wait'] })
    await until('a route', () => applicable(world.northGateway).includes(HANDLE))
  })
  after(async () => {
    working.finish()
    await world.net.stop()
    for (const server of [agent, client]) {
      server.close()
      server.closeAllConnections()
    }
  })

  const origin = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  /** As the SDK does it, with webhooks. */
  async function serveAgent(): Promise<Server> {
    const app = express()
    const server = await new Promise<Server>((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
    })
    const card = AgentCard.fromJSON({
      ...{ name: 'Worker', description: 'Works', version: '1', capabilities: { streaming: true, pushNotifications: true }, skills: [] },
      ...{ defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'] },
      supportedInterfaces: [{ url: `${origin(server)}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }]
    })
    const store = new InMemoryPushNotificationStore()
    const save = store.save.bind(store)
    store.save = (...args) => {
      given.push(JSON.stringify(args))
      return save(...args)
    }
    const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), working, undefined, store, new DefaultPushNotificationSender(store))
    app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }))
    app.use('/a2a', jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }))
    return server
  }

  it("bring the events of a task to the client's own webhook, and neither its address nor its secrets to the agent", async () => {
    const url = `${world.northGateway.ingress() ?? ''}/agents/${HANDLE}/.well-known/agent-card.json`
    const speaking = await new ClientFactory().createFromUrl(url, '')
    const hook = `${origin(client)}/hook`
    const events = speaking.sendMessageStream(
      SendMessageRequest.fromJSON({
        message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'wait' }] },
        configuration: {
          taskPushNotificationConfig: { url: hook, token: 'secret-token', authentication: { scheme: 'Bearer', credentials: 'secret-credentials' } }
        }
      })
    )
    await events.next()
    await until('the agent works', () => working.running() === 1)
    working.finish()
    for await (const event of events) void event
    await until('the client heard of the end', () => heard.some(({ body }) => body.includes('TASK_STATE_COMPLETED')), 10_000)
    const last = heard.find(({ body }) => body.includes('TASK_STATE_COMPLETED'))
    assert.equal(last?.headers['x-a2a-notification-token'], 'secret-token')
    assert.equal(last.headers['authorization'], 'Bearer secret-credentials')
    assert.equal(given.length, 1)
    assert.ok(given[0]?.includes(`${world.southGateway.ingress() ?? '-'}/agents/${HANDLE}/push/`), given[0])
    assert.doesNotMatch(given[0] ?? '', /hook|secret/)
  })
})
