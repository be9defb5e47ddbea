import type { IncomingMessage } from 'node:http'
import type { Message } from '@bufbuild/protobuf'
import { pipe } from 'it-pipe'
import { HansaError } from '../../schema/errors.ts'
import { createEventParser } from '../../wire/binding/server-sent-events.ts'
import type { Operation } from '../../wire/operations.ts'
import { type HttpRequest, pieces, readBody, send } from './http-client.ts'

/** One call of an agent over HTTP, as its binding writes and reads it. */
export interface HttpCall {
  readonly operation: Operation
  readonly request: HttpRequest
  /** Largest answer or event, in bytes. */
  readonly maxAnswer: number
  /** A unary answer, or one event. Throws the agent's own error. */
  parse(text: string): Message
  /** An answer whose HTTP status is not a success. */
  parseRefusal(status: number | undefined, type: string, text: string): Message | HansaError
}

/** Sends a request and reads the answer or the events, one at a time: a reader that leaves closes the connection, through all of them. */
export async function* callOverHttp(call: HttpCall): AsyncGenerator<Message, void, undefined> {
  const { operation, request, maxAnswer } = call
  const { url, signal } = request
  const response = await send(request)
  const status = response.statusCode ?? 0
  const type = response.headers['content-type'] ?? ''
  const success = status >= 200 && status < 300
  if (operation.streaming && success && type.startsWith('text/event-stream')) return yield* events(response, call)
  const text = new TextDecoder().decode(await readBody(response, url, maxAnswer, signal))
  if (success) return yield call.parse(text)
  const refusal = call.parseRefusal(response.statusCode, type, text)
  if (refusal instanceof HansaError) throw refusal
  yield refusal
}

function events(response: IncomingMessage, { request: { url, signal }, maxAnswer, parse }: HttpCall): AsyncGenerator<Message, void, undefined> {
  return pipe(
    pieces(response, url, signal),
    (bytes) => eventData(bytes, maxAnswer),
    (data) => answers(data, parse)
  )
}

async function* eventData(bytes: AsyncIterable<Uint8Array>, maxEvent: number): AsyncGenerator<string, void, undefined> {
  const parser = createEventParser(maxEvent)
  for await (const piece of bytes) yield* parser.push(piece)
}

async function* answers(data: AsyncIterable<string>, parse: (text: string) => Message): AsyncGenerator<Message, void, undefined> {
  for await (const text of data) yield parse(text)
}

/** Resolves when something answers at the address, whatever it says. Throws AGENT_UNREACHABLE. */
export async function knockOverHttp(url: URL, signal: AbortSignal): Promise<void> {
  const response = await send({ url, method: 'GET', headers: {}, signal })
  response.destroy()
}

export function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

/** What the network can carry by default (wire/methods.ts: relay). */
export const MAX_ANSWER = 16 * 1024 * 1024
