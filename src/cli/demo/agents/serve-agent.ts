import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentCard } from '@a2a-js/sdk'
import { type AgentExecutor, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'

export interface ServedAgent {
  /** Where its card is. */
  readonly card: string
  /** Its JSON-RPC endpoint. */
  readonly url: string
  close(): Promise<void>
}

/** Serves a plain A2A 1.0 agent by the SDK's own means on a loopback port (0: any free one). Nothing in it knows of Hansa. */
export async function serveAgent(card: object, executor: AgentExecutor, port = 0): Promise<ServedAgent> {
  const app = express()
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = app.listen(port, '127.0.0.1', (error) => (error === undefined ? resolve(listening) : reject(error)))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}/a2a`
  const full = AgentCard.fromJSON({
    version: '1.0.0',
    capabilities: { streaming: true },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    ...card
  })
  const requestHandler = new DefaultRequestHandler(full, new InMemoryTaskStore(), executor)
  app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }))
  // The SDK's own body limit is 100 kB, with an HTML page for an answer.
  app.use(express.json({ limit: '16mb' }))
  app.use('/a2a', jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }))
  return {
    card: `${origin}/.well-known/agent-card.json`,
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

/** Serves the agent of a script: prints `{"card": ..., "url": ...}` as one line, and ends with SIGTERM or SIGINT. `--port N` chooses the port. */
export async function serveScript(card: object, executor: AgentExecutor): Promise<void> {
  const at = process.argv.indexOf('--port')
  const served = await serveAgent(card, executor, at < 0 ? 0 : Number(process.argv[at + 1]))
  process.stdout.write(JSON.stringify({ card: served.card, url: served.url }) + '\n')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void served.close().then(() => process.exit(0)))
}
