import { chmod, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Log } from '../ports/log.ts'
import { HansaError, toHansaError } from '../schema/errors.ts'
import { shapeOfError } from './error-shape.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { openApi } from './open-api.ts'
import { type AdminOperation, type AdminOperationName, adminOperations, type NodeOperations } from './operations.ts'
import { HTTP_STATUS } from './statuses.ts'

export interface AdminServerDeps {
  readonly operations: NodeOperations
  /** Prometheus text. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly token: string
  readonly listen: { readonly kind: 'tcp'; readonly host: string; readonly port: number } | { readonly kind: 'unix'; readonly path: string }
  readonly version: string
  readonly log: Log
}

export interface AdminServer {
  /** Throws PORT_TAKEN. */
  start(): Promise<void>
  /** Ends open streams too. */
  stop(): Promise<void>
  /** After start: http://127.0.0.1:7401 or unix:/path. */
  address(): string
}

/** What is open to every process of this machine, by its route. */
const OPEN_ROUTES: readonly (string | undefined)[] = ['/healthz', '/openapi.json', '/metrics']

/** A call may carry files (16 MiB of message, more in base64). */
const MAX_BODY_BYTES = 32 * 1024 * 1024

/** The operator's door: loopback or a Unix socket, a token, and nothing that a browser could be tricked into. */
export function createAdminServer(deps: AdminServerDeps): AdminServer {
  const { listen } = deps
  const app = fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true })
  const gatekeeper = createGatekeeper(deps.token, listen.kind === 'unix')

  app.addHook('onRequest', async (request) => {
    gatekeeper.checkHost(request.headers.host, request.headers.origin)
    // By the route that was found, never by the text of the path: %61pi and http://x/api lead to the same place.
    if (!OPEN_ROUTES.includes(request.routeOptions.url)) gatekeeper.checkToken(request.headers.authorization)
  })
  app.setErrorHandler((thrown, request, reply) => {
    const error = fromFramework(thrown)
    if (error.code === 'INTERNAL') deps.log.error({ error: thrown, url: request.routeOptions.url }, 'admin request failed')
    return reply.status(HTTP_STATUS[error.code]).send({ error: shapeOfError(error) })
  })
  app.setNotFoundHandler((request, reply) => {
    const error = new HansaError('METHOD_NOT_FOUND', `there is no ${request.method} ${JSON.stringify(request.url.slice(0, 80))} here`)
    return reply.status(404).send({ error: shapeOfError(error) })
  })

  app.get('/healthz', () => ({ ok: true }))
  app.get('/openapi.json', () => openApi(deps.version))
  app.get('/metrics', async (_, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.text()))
  for (const name of Object.keys(adminOperations) as AdminOperationName[]) serve(app, name, deps)

  let address = ''
  return {
    address: () => address,
    async start() {
      address = await open(app, listen)
    },
    stop: async () => {
      await app.close()
    }
  }
}

function serve(app: FastifyInstance, name: AdminOperationName, deps: AdminServerDeps): void {
  const operation: AdminOperation = adminOperations[name]
  // The table ties each name to its own types; in this one place, which treats all alike, they are unknown.
  const perform = deps.operations[name] as (request: unknown, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>
  app.route({
    method: operation.method,
    url: operation.path,
    handler: async (request, reply) => {
      const input = parse(operation.request, operation.method === 'GET' ? request.query : (request.body ?? {}))
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort(new HansaError('CANCELED', 'the operator went away')))
      const answer = perform(input, gone.signal)
      if (Symbol.asyncIterator in answer) return sendStream(request, reply, answer, gone, deps.log)
      return answer
    }
  })
}

/** One document per line. The first is awaited before the head is sent, so that an early failure still has its status. */
async function sendStream(request: FastifyRequest, reply: FastifyReply, items: AsyncIterable<unknown>, gone: AbortController, log: Log): Promise<FastifyReply> {
  const iterator = items[Symbol.asyncIterator]()
  const first = await iterator.next()
  async function* lines(): AsyncGenerator<string> {
    try {
      for (let item = first; item.done !== true; item = await iterator.next()) yield JSON.stringify(item.value) + '\n'
    } catch (thrown) {
      const error = toHansaError(thrown)
      if (error.code === 'INTERNAL') log.error({ error: thrown, url: request.routeOptions.url }, 'admin stream failed')
      yield JSON.stringify({ error: shapeOfError(error) }) + '\n'
    } finally {
      gone.abort()
      await iterator.return?.()
    }
  }
  return reply.type('application/x-ndjson').send(Readable.from(lines(), { objectMode: true, highWaterMark: 1 }))
}

function parse(schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new HansaError('INVALID_ARGUMENT', `${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'invalid'}`, { argument: issue?.path.join('.') ?? '' })
}

function fromFramework(thrown: unknown): HansaError {
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number' && thrown.statusCode < 500) {
    if (thrown.statusCode === 413) return new HansaError('FRAME_TOO_LARGE', 'the request is too large', { bound: MAX_BODY_BYTES }, thrown)
    return new HansaError('INVALID_ARGUMENT', `not a request of this API: ${thrown.message}`, {}, thrown)
  }
  return toHansaError(thrown)
}

async function open(app: FastifyInstance, listen: AdminServerDeps['listen']): Promise<string> {
  try {
    if (listen.kind === 'tcp') return await app.listen({ host: listen.host, port: listen.port })
    // A socket file that a killed process left. Nobody is listening on it: the lock of the home is ours.
    await rm(listen.path, { force: true })
    await app.listen({ path: listen.path })
    await chmod(listen.path, 0o600)
    return `unix:${listen.path}`
  } catch (cause) {
    const where = listen.kind === 'tcp' ? `${listen.host}:${listen.port}` : listen.path
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new HansaError('PORT_TAKEN', `the admin server cannot listen on ${where} (${code}, config key admin.listen)`, { address: where }, cause)
  }
}
