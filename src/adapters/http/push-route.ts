import { fromJson } from '@bufbuild/protobuf'
import type { FastifyInstance } from 'fastify'
import { parseHandle } from '../../core/ids/agent-id.ts'
import type { GatewayDoor } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import { type StreamResponse, StreamResponseSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { parseJsonBody } from '../../wire/binding/json-body.ts'
import { responseFrom03 } from '../../wire/binding/v03/rpc-messages.ts'
import { traceContext } from '../../wire/trace-context.ts'
import { fromHttpLibrary, replyError } from './error-reply.ts'

/** The largest event that one gateway tells another (wire/methods.ts: notify), with room for its other fields. */
const MAX_EVENT = 3 * 1024 * 1024
/** Posts read and passed on at a time: with the bound above, 192 MiB that strangers could fill. */
const MAX_OPEN = 64
/** Characters of a token (roles/agw/data/push). */
const TOKEN = /^[A-Za-z0-9._-]{16,800}$/

/**
 * POST /agents/{handle}/push/{token}: the webhook that agents are given in place of the client's (A2A push notifications, draft 3.3.2). The token is the proof that they
 * were; nobody is asked who he is. Takes a StreamResponse of A2A 1.0, or a task or event of 0.3. Answers when the client's own webhook has taken it.
 */
export function pushRoute(app: FastifyInstance, { door, open }: { readonly door: GatewayDoor; readonly open: Set<AbortController> }): void {
  let posts = 0
  app.route<{ Params: { handle: string; token: string } }>({
    method: 'POST',
    url: '/agents/:handle/push/:token',
    bodyLimit: MAX_EVENT,
    // Before the body is read.
    onRequest: ({ params }, reply, done) => {
      if (!isWebhook(params)) throw new HansaError('NOT_FOUND', 'there is no such webhook')
      if (posts >= MAX_OPEN) throw new HansaError('OVERLOADED', 'too many events at a time')
      posts++
      reply.raw.once('close', () => void posts--)
      done()
    },
    errorHandler: (thrown, _request, reply) => {
      const error = fromHttpLibrary(thrown)
      return void replyError(
        reply,
        error.code === 'FRAME_TOO_LARGE' ? new HansaError('FRAME_TOO_LARGE', 'the event is too large', { bound: MAX_EVENT }) : error
      )
    },
    handler: async ({ params, body, headers }, reply) => {
      const event = parseEvent(body instanceof Uint8Array ? body : new Uint8Array())
      const life = new AbortController()
      open.add(life)
      reply.raw.once('close', () => {
        open.delete(life)
        life.abort(new HansaError('CANCELED', 'the agent went away'))
      })
      const { traceparent } = traceContext(headers['traceparent'], undefined)
      await door.notify(params.handle, params.token, event, { signal: life.signal, ...(traceparent === undefined ? {} : { traceparent }) })
      return reply.type('application/json').send('{}')
    }
  })
}

function isWebhook({ handle, token }: { readonly handle: string; readonly token: string }): boolean {
  try {
    parseHandle(handle)
    return TOKEN.test(token)
  } catch {
    return false
  }
}

/** An agent may be newer than we are, so fields that we do not know are left out. Throws MALFORMED, INVALID_ARGUMENT. */
function parseEvent(body: Uint8Array): StreamResponse {
  const json = parseJsonBody(body)
  let event: StreamResponse
  try {
    // Only 0.3 says in a member what kind of object it is.
    const is03 = typeof json === 'object' && json !== null && !Array.isArray(json) && typeof json['kind'] === 'string'
    event = fromJson(StreamResponseSchema, is03 ? responseFrom03('SendStreamingMessage', json) : json, { ignoreUnknownFields: true })
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', `not an event of A2A: ${(cause instanceof Error ? cause.message : '').slice(0, 300)}`, {}, cause)
  }
  if (event.payload.case === undefined) throw new HansaError('INVALID_ARGUMENT', 'an event with neither task, message, statusUpdate nor artifactUpdate')
  return event
}
