import type { IncomingMessage } from 'node:http'
import type { PlainAnswer, PlainContext, PlainService } from '../../ports/plain-service.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { Message } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { createLineParser } from '../../wire/binding/mapping/json-lines.ts'
import type { HttpRoute, MappedError, Mapping, StreamRule } from '../../wire/binding/mapping/mapping.ts'
import { partsOfBody, piecesOf, refusal } from '../../wire/binding/mapping/read-answer.ts'
import { renderHttp } from '../../wire/binding/mapping/render-request.ts'
import { scopeOf } from '../../wire/binding/mapping/scope.ts'
import { createEventParser } from '../../wire/binding/server-sent-events.ts'
import { traceHeaders } from '../../wire/trace-context.ts'
import { pieces, readBody, send } from './http-client.ts'

/** Of a refusal, only its words are of use. */
const MAX_REFUSAL = 64 * 1024

/** Longest wait that a service may ask of callers. */
const MAX_RETRY_MS = 3_600_000

/** A plain HTTP service as an agent, by a mapping (draft 2.5, 3.3.2). `base` is the URL of the interface in its card. Redirects are not followed. */
export function createMappedHttpService(mapping: Mapping, base: URL): PlainService {
  async function answer(message: Message, context: PlainContext): Promise<PlainAnswer> {
    const { route, scope } = scopeOf(mapping, message, context)
    if (route.kind !== 'http') throw new HansaError('UNSUPPORTED_OPERATION', 'the mapping says gRPC for this, and the card says HTTP')
    const { url, method, headers, body } = renderHttp(route, base, scope)
    const patience = createPatience(mapping.timeoutMs, context.signal)
    let response: IncomingMessage | undefined
    let streams = false
    try {
      response = await send({
        url,
        method,
        headers: { ...traceHeaders(context), ...headers },
        signal: patience.signal,
        ...(body === undefined ? {} : { body })
      })
      const status = response.statusCode ?? 0
      if (status < 200 || status > 299) throw await refused(route, response, status, url, patience.signal)
      if (route.stream !== undefined) {
        streams = true
        return events(route.stream, response, url, patience)
      }
      return { parts: partsOfBody(route.response, response.headers['content-type'] ?? '', await readBody(response, url, mapping.maxBytes, patience.signal)) }
    } finally {
      if (!streams) {
        patience.end()
        response?.destroy()
      }
    }
  }

  async function* events(rule: StreamRule, response: IncomingMessage, url: URL, patience: Patience) {
    const parser = rule.format === 'sse' ? { ...createEventParser(mapping.maxBytes), end: () => [] } : createLineParser(mapping.maxBytes)
    try {
      for await (const bytes of pieces(response, url, patience.signal)) {
        // What the reader takes its time with is not the service's silence.
        patience.pause()
        for (const event of parser.push(bytes)) {
          const made = piecesOf(rule, event)
          if (made === undefined) return
          yield* made
        }
        patience.begin()
      }
      for (const event of parser.end()) yield* piecesOf(rule, event) ?? []
    } finally {
      patience.end()
      response.destroy()
    }
  }

  return {
    answer,
    async knock(signal) {
      const { health } = mapping
      const url = health === undefined ? base : new URL(base.origin + base.pathname.replace(/\/+$/, '') + health.path)
      const response = await send({ url, method: health?.method ?? 'GET', headers: {}, signal })
      response.destroy()
      const status = response.statusCode ?? 0
      if (health !== undefined && (status < 200 || status > 299))
        throw new HansaError('AGENT_UNREACHABLE', `the service is not well: ${url.pathname} answers HTTP ${status}`)
    }
  }
}

async function refused(route: HttpRoute, response: IncomingMessage, status: number, url: URL, signal: AbortSignal): Promise<HansaError> {
  // Its words are a courtesy: a refusal that is too long or breaks off is a refusal still.
  const body = await readBody(response, url, MAX_REFUSAL, signal).catch(() => new Uint8Array())
  if (signal.aborted) return toHansaError(signal.reason)
  const seconds = Number(response.headers['retry-after'])
  const retryAfterMs = seconds > 0 ? Math.min(seconds * 1_000, MAX_RETRY_MS) : 1_000
  return refusal(route.errors, [String(status), `${Math.floor(status / 100)}xx`], usual(status), {
    words: `the service answered with HTTP ${status}`,
    body,
    retryAfterMs
  })
}

/** What a status means where the mapping does not say. 401 and 403 are between the service and who runs the mapping, not the caller's. */
function usual(status: number): MappedError {
  switch (status) {
    case 400:
    case 409:
    case 422:
      return 'INVALID_ARGUMENT'
    case 404:
    case 410:
      return 'NOT_FOUND'
    case 415:
      return 'CONTENT_TYPE_NOT_SUPPORTED'
    case 429:
      return 'RATE_LIMITED'
    case 502:
    case 503:
      return 'OVERLOADED'
    case 504:
      return 'DEADLINE_EXCEEDED'
    default:
      return 'AGENT_FAILED'
  }
}

/** A signal that aborts with the caller's, or when the service is silent for too long. */
interface Patience {
  readonly signal: AbortSignal
  begin(): void
  pause(): void
  end(): void
}

function createPatience(timeoutMs: number, caller: AbortSignal): Patience {
  const abort = new AbortController()
  const gone = () => abort.abort(caller.reason)
  let timer: NodeJS.Timeout | undefined
  const pause = () => clearTimeout(timer)
  const begin = () => {
    pause()
    timer = setTimeout(() => abort.abort(new HansaError('DEADLINE_EXCEEDED', `the service did not answer within ${timeoutMs} ms`)), timeoutMs)
  }
  if (caller.aborted) gone()
  else {
    caller.addEventListener('abort', gone, { once: true })
    begin()
  }
  return {
    signal: abort.signal,
    begin,
    pause,
    end() {
      pause()
      caller.removeEventListener('abort', gone)
    }
  }
}
