import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server'
import type { AdminClient } from '../../admin/client.ts'
import { createGatekeeper } from '../../admin/gatekeeper.ts'
import { HansaError } from '../../schema/errors.ts'
import { HttpSessions } from './http-sessions.ts'
import { createSwarmServer } from './swarm-server.ts'
import { sendWeb, webRequest } from './web-bridge.ts'

/** As a client over standard streams may send. */
const MAX_BODY_BYTES = 8 * 1024 * 1024

/** Connections at a time, those that listen for news included. */
const MAX_CONNECTIONS = 128

/** Streams of news at a time (MCP 2026-07-28, subscriptions/listen). */
const MAX_SUBSCRIPTIONS = 64

const PATH = '/mcp'

export interface HttpOptions {
  readonly admin: () => Promise<AdminClient>
  /** Loopback only: what is said is not encrypted. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly token: string
  readonly signal: AbortSignal
  /** With the URL for clients, once it can be reached. */
  readonly onReady: (url: string) => void
  readonly onNote: (line: string) => void
}

/** Serves MCP clients over streamable HTTP, until `signal` aborts. Throws PORT_TAKEN. */
export async function serveOverHttp({ admin, listen, token, signal, onReady, onNote }: HttpOptions): Promise<void> {
  const create = (): ReturnType<typeof createSwarmServer> => createSwarmServer(admin)
  const sessions = new HttpSessions(create, MAX_BODY_BYTES)
  const sessionless = createMcpHandler(create, {
    legacy: 'reject',
    maxRequestBodySize: MAX_BODY_BYTES,
    maxSubscriptions: MAX_SUBSCRIPTIONS,
    onerror: (error) => onNote(error.message)
  })
  const gatekeeper = createGatekeeper(token, false)

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, origin, authorization } = incoming.headers
    const refused = refusalOf(() => gatekeeper.checkHost(host, origin), 403) ?? refusalOf(() => gatekeeper.checkToken(authorization), 401)
    if (refused !== undefined) return sendWeb(refused, response)
    if (incoming.url?.split('?', 1)[0] !== PATH) return sendWeb(refusal(404, `MCP is at ${PATH}`), response)
    const request = webRequest(incoming, response, `http://${host ?? 'localhost'}`)
    const legacy = await isLegacyRequest(request, undefined, { maxRequestBodySize: MAX_BODY_BYTES })
    await sendWeb(await (legacy ? sessions.handle(request) : sessionless.fetch(request)), response)
  }

  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, (incoming, response) => {
    answer(incoming, response).catch((thrown: unknown) => {
      // A client that left in the middle is no news.
      if (!response.destroyed) onNote(thrown instanceof Error ? thrown.message : String(thrown))
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  try {
    onReady(await open(server, listen))
    await aborted(signal)
  } finally {
    await sessionless.close()
    await sessions.close()
    await close(server)
  }
}

function refusalOf(check: () => void, status: number): Response | undefined {
  try {
    check()
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof HansaError)) throw thrown
    return refusal(status, status === 401 ? 'the bearer token of this door is wanted; it is in the file mcp.token of the home' : thrown.message)
  }
}

function refusal(status: number, message: string): Response {
  const headers = { connection: 'close', ...(status === 401 ? { 'www-authenticate': 'Bearer realm="hansa"' } : {}) }
  return Response.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, { status, headers })
}

async function open(server: Server, { host, port }: HttpOptions['listen']): Promise<string> {
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, () => resolve()))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new HansaError('PORT_TAKEN', `MCP cannot be served on ${host}:${port} (${code})`, { address: `${host}:${port}` }, cause)
  }
  const { port: bound } = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}${PATH}`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
