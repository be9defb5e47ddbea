import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

/** A request as the web has it. Its signal aborts when the answer has been sent whole, or nobody waits for it any more. */
export function webRequest(incoming: IncomingMessage, response: ServerResponse, base: string): Request {
  const over = new AbortController()
  response.once('close', () => over.abort())
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
  const method = incoming.method ?? 'GET'
  const bare = method === 'GET' || method === 'HEAD'
  const body = bare ? {} : { body: Readable.toWeb(incoming) as unknown as NonNullable<RequestInit['body']>, duplex: 'half' as const }
  return new Request(new URL(incoming.url ?? '/', base), { method, headers, signal: over.signal, ...body })
}

/** Sends a web response as fast as the reader takes it; ends it when the reader goes. */
export async function sendWeb(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body === null) {
    response.end()
    return
  }
  response.flushHeaders()
  await pipeline(Readable.fromWeb(answer.body as unknown as ReadableStream), response)
}
