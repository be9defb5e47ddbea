import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Message } from '@bufbuild/protobuf'
import { pipe } from 'it-pipe'
import type { AgentClient, InvokeOptions } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'
import { parseAnswer, renderCall } from '../../wire/binding/a2a-jsonrpc-client.ts'
import { A2A_VERSION } from '../../wire/binding/a2a-version.ts'
import { createEventParser } from '../../wire/binding/server-sent-events.ts'
import type { Operation } from '../../wire/operations.ts'
import { type AgentInterface, cardUrlOf, pickInterface } from './agent-interface.ts'
import { readCardFile } from './card-file.ts'
import { pieces, readBody, send } from './http-client.ts'

export interface A2aClientSettings {
  /** The agent's origin (http://host:port), or the URL of its card; a file: URL where the agent serves none. */
  readonly card: string
  /** Largest answer or event, in bytes; what the network can carry by default. */
  readonly maxAnswer?: number
  /** Largest card, in bytes. An attachment carries it whole, so it must fit there. */
  readonly maxCard?: number
  /** Longest time for a card or a probe, in milliseconds. */
  readonly cardTimeoutMs?: number
}

/**
 * Speaks A2A 1.0 JSON-RPC over HTTP to any agent: second half of the translation of protocols (draft 2.5, 3.3.2), out of the canonical message into the
 * target's format. Where the agent's interface is, its card says; it is read at the first call, and again after a failure.
 */
export function createA2aClient(settings: A2aClientSettings): AgentClient {
  const cardUrl = cardUrlOf(settings.card)
  const maxAnswer = settings.maxAnswer ?? 16 * 1024 * 1024
  const maxCard = settings.maxCard ?? 256 * 1024
  const cardTimeoutMs = settings.cardTimeoutMs ?? 5_000
  let known: AgentInterface | undefined
  let lastId = 0

  async function card(caller: AbortSignal): Promise<Uint8Array> {
    const signal = AbortSignal.any([caller, AbortSignal.timeout(cardTimeoutMs)])
    try {
      const bytes = cardUrl.protocol === 'file:' ? await readCardFile(cardUrl, maxCard) : await fetchCard(signal)
      known = pickInterface(bytes, cardUrl)
      return bytes
    } catch (thrown) {
      // Our own limit, not the caller's.
      if (thrown instanceof HansaError && thrown.code === 'DEADLINE_EXCEEDED' && !caller.aborted)
        throw new HansaError('AGENT_UNREACHABLE', `the agent did not show its card at ${cardUrl.href} within ${cardTimeoutMs} ms`, {}, thrown)
      throw thrown
    }
  }

  async function fetchCard(signal: AbortSignal): Promise<Uint8Array> {
    const response = await send({ url: cardUrl, method: 'GET', headers: { accept: 'application/json' }, signal })
    const bytes = await readBody(response, cardUrl, maxCard, signal)
    if (response.statusCode !== 200) throw new HansaError('INVALID_AGENT_RESPONSE', `there is no card at ${cardUrl.href}: HTTP ${response.statusCode}`)
    return bytes
  }

  async function find(signal: AbortSignal): Promise<AgentInterface> {
    if (known === undefined) await card(signal)
    if (known === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent's card at ${cardUrl.href} says nothing`)
    return known
  }

  async function* invoke(operation: Operation, request: Message, options: InvokeOptions): AsyncGenerator<Message, void, undefined> {
    const { signal } = options
    const { url, tenant } = await find(signal)
    const id = ++lastId
    const body = renderCall(id, operation, withTenant(request, tenant))
    let response: IncomingMessage
    try {
      response = await send({ url, method: 'POST', headers: headersOf(operation, options), body, signal })
    } catch (thrown) {
      // It may have moved; the next call asks.
      known = undefined
      throw thrown
    }
    const type = response.headers['content-type'] ?? ''
    if (operation.streaming && response.statusCode === 200 && type.startsWith('text/event-stream')) return yield* events(id, operation, response, url, signal)
    const answer = new TextDecoder().decode(await readBody(response, url, maxAnswer, signal))
    if (response.statusCode !== 200 && !type.includes('json')) throw refused(url, response.statusCode)
    yield parseAnswer(id, operation, answer)
  }

  /** Bytes to events to answers, one at a time: a reader that leaves closes the connection, through all of them. */
  function events(id: number, operation: Operation, response: IncomingMessage, url: URL, signal: AbortSignal): AsyncGenerator<Message, void, undefined> {
    return pipe(
      pieces(response, url, signal),
      (bytes) => eventData(bytes, maxAnswer),
      (data) => answers(id, operation, data)
    )
  }

  return {
    invoke,
    card,
    async probe(signal) {
      try {
        await card(signal)
        // A file says nothing of the agent: whatever its interface answers to a GET, it is there.
        if (cardUrl.protocol === 'file:') await knock((await find(signal)).url, AbortSignal.any([signal, AbortSignal.timeout(cardTimeoutMs)]))
        return true
      } catch {
        return false
      }
    }
  }
}

async function* eventData(bytes: AsyncIterable<Uint8Array>, maxEvent: number): AsyncGenerator<string, void, undefined> {
  const parser = createEventParser(maxEvent)
  for await (const piece of bytes) yield* parser.push(piece)
}

async function* answers(id: number, operation: Operation, data: AsyncIterable<string>): AsyncGenerator<Message, void, undefined> {
  for await (const text of data) yield parseAnswer(id, operation, text)
}

/** The tenant is the agent's affair, said by its card; what a far client put there was meant for another address. */
function withTenant(request: Message, tenant: string): Message {
  const copy: Message & { tenant?: string } = { ...request, tenant }
  return copy
}

function headersOf(operation: Operation, { extensions, principal }: InvokeOptions): OutgoingHttpHeaders {
  const unfit = extensions.find((uri) => !/^[\x21-\x2b\x2d-\x7e]+$/.test(uri))
  if (unfit !== undefined) throw new HansaError('INVALID_ARGUMENT', `not the URI of an extension: ${JSON.stringify(unfit.slice(0, 80))}`)
  return {
    'content-type': 'application/json',
    accept: operation.streaming ? 'text/event-stream, application/json' : 'application/json',
    'a2a-version': A2A_VERSION,
    ...(extensions.length > 0 ? { 'a2a-extensions': extensions.join(', ') } : {}),
    // Who calls, as the network has verified it. Agents that know nothing of it ignore it.
    'x-hansa-principal': principal
  }
}

function refused(url: URL, status: number | undefined): HansaError {
  return new HansaError('AGENT_FAILED', `the agent at ${url.origin} answered with HTTP ${status}`, { status: status ?? 0 })
}

async function knock(url: URL, signal: AbortSignal): Promise<void> {
  const response = await send({ url, method: 'GET', headers: {}, signal })
  response.destroy()
}
