import { randomUUID } from 'node:crypto'
import { Role, SendMessageRequest } from '@a2a-js/sdk'
import { ClientFactory } from '@a2a-js/sdk/client'
import { NotHeld } from './story.ts'

/** Somebody who knows A2A and nothing of Hansa: a plain @a2a-js/sdk client and plain HTTP, at the door of one gateway. */
export interface Outsider {
  /** Text of the reply; `translate` asks for translation on the way. */
  ask(handle: string, text: string, translate?: Translate): Promise<string>
  /** Text of each artifact chunk or message, and when it came, in milliseconds from the first. */
  stream(handle: string, text: string): Promise<{ readonly texts: string[]; readonly spreadMs: number }>
  /** Handles in the gateway's AI Catalog. */
  catalog(): Promise<string[]>
  /** Status of the agent's card at this gateway. */
  cardStatus(handle: string): Promise<number>
  /** Reason of the error that a call gives. */
  refusalOf(handle: string, text?: string, translate?: Translate): Promise<string>
}

/** metadata["urn:hansa:translate"] of a message. */
export interface Translate {
  readonly to: string
}

const TIMEOUT_MS = 15_000

export function outsiderAt(ingress: string): Outsider {
  const card = (handle: string): string => `${ingress}/agents/${handle}/.well-known/agent-card.json`
  const client = (handle: string) => new ClientFactory().createFromUrl(card(handle), '')

  return {
    async ask(handle, text, translate) {
      const result = await (await client(handle)).sendMessage(question(text, translate), { signal: AbortSignal.timeout(TIMEOUT_MS) })
      return textsIn(result).join(' ')
    },
    async stream(handle, text) {
      const texts: string[] = []
      const times: number[] = []
      for await (const event of (await client(handle)).sendMessageStream(question(text), { signal: AbortSignal.timeout(TIMEOUT_MS) })) {
        const found = textsIn(event)
        if (found.length > 0) times.push(performance.now())
        texts.push(...found)
      }
      return { texts, spreadMs: Math.round((times.at(-1) ?? 0) - (times[0] ?? 0)) }
    },
    async catalog() {
      const response = await fetch(`${ingress}/.well-known/ai-catalog.json`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      const body = (await response.json()) as { entries?: { identifier?: string }[] }
      return (body.entries ?? []).flatMap((entry) => entry.identifier ?? [])
    },
    async cardStatus(handle) {
      const response = await fetch(card(handle), { signal: AbortSignal.timeout(TIMEOUT_MS) })
      await response.arrayBuffer()
      return response.status
    },
    async refusalOf(handle, text = 'are you there?', translate) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: SendMessageRequest.toJSON(question(text, translate)) })
      const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
      const response = await fetch(`${ingress}/agents/${handle}/jsonrpc`, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) })
      const answer = (await response.json()) as { error?: { data?: { reason?: string }[] } }
      const reason = answer.error?.data?.[0]?.reason
      if (reason === undefined) throw new NotHeld(`a call to ${handle} went through where it had to fail`)
      return reason
    }
  }
}

function question(text: string, translate?: Translate): SendMessageRequest {
  return {
    tenant: '',
    message: {
      messageId: randomUUID(),
      contextId: '',
      taskId: '',
      role: Role.ROLE_USER,
      parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: '' }],
      metadata: translate === undefined ? undefined : { 'urn:hansa:translate': translate },
      extensions: [],
      referenceTaskIds: []
    },
    configuration: undefined,
    metadata: undefined
  }
}

/** Every text in whatever the SDK gives for a reply or an event. */
function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (typeof value !== 'object' || value === null) return []
  const part = value as { $case?: unknown; value?: unknown }
  if (part.$case === 'text' && typeof part.value === 'string') return [part.value]
  return Object.entries(value).flatMap(([key, inner]) => (key === 'history' ? [] : textsIn(inner)))
}
