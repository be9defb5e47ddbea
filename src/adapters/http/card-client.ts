import type { AgentClient, AgentFace, AgentTransport } from '../../ports/agent-client.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { MAX_CARD_BYTES } from '../../wire/binding/agent-card.ts'
import { A2A_VERSION } from '../../wire/binding/a2a-version.ts'
import { cardUrlOf, pickFace } from './agent-interface.ts'
import { readCardFile } from './card-file.ts'
import { readBody, send } from './http-client.ts'

export interface CardClientSettings {
  /** The agent's origin (http://host:port), or the URL of its card; a file: URL where the agent serves none. */
  readonly card: string
  /** What the agent may be spoken to with. */
  readonly transports: readonly AgentTransport[]
  /** Largest card, in bytes. A registration carries it whole, so it must fit there. */
  readonly maxCard?: number
  /** Longest time for a card or a probe, in milliseconds. */
  readonly cardTimeoutMs?: number
}

/** The interface of the agent that is used, and what speaks it. */
interface Line {
  readonly face: AgentFace
  readonly transport: AgentTransport
}

/**
 * An agent known by its card: the first interface in it that a transport speaks is used, until it fails; then the card is read again, for the agent may have
 * moved. Throws what the transports throw.
 */
export function createCardClient(settings: CardClientSettings): AgentClient {
  const cardUrl = cardUrlOf(settings.card)
  const maxCard = settings.maxCard ?? MAX_CARD_BYTES
  const cardTimeoutMs = settings.cardTimeoutMs ?? 5_000
  let known: Line | undefined

  async function card(caller: AbortSignal): Promise<Uint8Array> {
    const signal = AbortSignal.any([caller, AbortSignal.timeout(cardTimeoutMs)])
    try {
      const bytes = cardUrl.protocol === 'file:' ? await readCardFile(cardUrl, maxCard) : await fetchCard(signal)
      known = choose(bytes)
      return bytes
    } catch (thrown) {
      // Our own limit, not the caller's.
      if (thrown instanceof HansaError && thrown.code === 'DEADLINE_EXCEEDED' && !caller.aborted)
        throw new HansaError('AGENT_UNREACHABLE', `the agent did not show its card at ${cardUrl.href} within ${cardTimeoutMs} ms`, {}, thrown)
      throw thrown
    }
  }

  function choose(bytes: Uint8Array): Line {
    const speaking = (face: AgentFace): AgentTransport | undefined => settings.transports.find((each) => each.speaks(face))
    const face = pickFace(bytes, cardUrl, (each) => speaking(each) !== undefined)
    const transport = speaking(face)
    if (transport === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', `the card at ${cardUrl.href} names no interface that is spoken here`)
    return { face, transport }
  }

  async function fetchCard(signal: AbortSignal): Promise<Uint8Array> {
    // An agent that speaks both versions shows its newer card to who asks for it.
    const response = await send({ url: cardUrl, method: 'GET', headers: { accept: 'application/json', 'a2a-version': A2A_VERSION }, signal })
    const bytes = await readBody(response, cardUrl, maxCard, signal)
    if (response.statusCode !== 200) throw new HansaError('INVALID_AGENT_RESPONSE', `there is no card at ${cardUrl.href}: HTTP ${response.statusCode}`)
    return bytes
  }

  async function find(signal: AbortSignal): Promise<Line> {
    if (known === undefined) await card(signal)
    if (known === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent's card at ${cardUrl.href} says nothing`)
    return known
  }

  return {
    async *invoke(operation, request, options) {
      const line = await find(options.signal)
      try {
        yield* line.transport.invoke(line.face, operation, request, options)
      } catch (thrown) {
        // It may have moved; the next call asks.
        if (toHansaError(thrown).code === 'AGENT_UNREACHABLE' && known === line) known = undefined
        throw thrown
      }
    },
    card,
    async probe(signal) {
      try {
        await card(signal)
        // A file says nothing of the agent: whatever its interface answers, it is there.
        if (cardUrl.protocol === 'file:') {
          const line = await find(signal)
          await line.transport.knock(line.face, AbortSignal.any([signal, AbortSignal.timeout(cardTimeoutMs)]))
        }
        return true
      } catch {
        return false
      }
    },
    async close() {
      for (const each of settings.transports) await each.close?.()
    }
  }
}
