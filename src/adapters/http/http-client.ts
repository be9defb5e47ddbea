import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import https from 'node:https'
import { HansaError, toHansaError } from '../../schema/errors.ts'

/** Idle connections kept per agent, and for how long: under the 5 s after which Node's own servers close them. */
const KEEP = { keepAlive: true, maxFreeSockets: 16, timeout: 4_000, noDelay: true } as const

const agents = { http: new http.Agent(KEEP), https: new https.Agent(KEEP) }

export interface HttpRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers: OutgoingHttpHeaders
  readonly body?: string
  readonly signal: AbortSignal
}

/** The head of the answer; its body has not been read yet. Redirects are not followed. Throws AGENT_UNREACHABLE, and the signal's reason. */
export function send(request: HttpRequest): Promise<IncomingMessage> {
  const { url, method, headers, body, signal } = request
  const secure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(toHansaError(signal.reason))
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    // The agent's `timeout` is for idle connections; a call may be silent as long as its deadline allows.
    const options = { method, headers: { ...headers, ...length }, signal, timeout: 0 }
    const outgoing = secure ? https.request(url, { ...options, agent: agents.https }, resolve) : http.request(url, { ...options, agent: agents.http }, resolve)
    outgoing.on('error', (cause) => reject(failed(url, cause, signal)))
    outgoing.end(body)
  })
}

/** The body, piece by piece: the next piece is read when this one has been used. Left early, it closes the connection. Throws as `send`. */
export async function* pieces(response: IncomingMessage, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of response) yield piece as Uint8Array
  } catch (cause) {
    throw failed(url, cause, signal)
  }
}

/** The whole body. Throws INVALID_AGENT_RESPONSE above the bound, and as `send`. */
export async function readBody(response: IncomingMessage, url: URL, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces(response, url, signal)) {
    size += piece.length
    if (size > maxBytes) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered with more than ${maxBytes} bytes`, { bound: maxBytes })
    parts.push(piece)
  }
  return Buffer.concat(parts, size)
}

function failed(url: URL, cause: unknown, signal: AbortSignal): HansaError {
  if (cause instanceof HansaError) return cause
  if (signal.aborted) return toHansaError(signal.reason)
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection'
  return new HansaError('AGENT_UNREACHABLE', `the agent does not answer at ${url.origin} (${code})`, {}, cause)
}
