import type { Turn } from '../core/session/turns.ts'
import type { CallSettings } from '../roles/agent/swarm-client-deps.ts'
import type { Sessions } from '../roles/agent/sessions/sessions.ts'
import { type Outgoing, outgoingRequest } from '../roles/agent/outgoing-request.ts'
import type { Reply } from './reply.ts'

export type { Turn }

type Call = (agent: string, message: Outgoing, options?: CallSettings) => Promise<Reply>

/** How much of what was said a model is told. */
export interface HistoryOptions {
  /** At most so many turns, the newest. */
  readonly messages?: number
  /** At most so many characters (UTF-16 units), of whole turns. */
  readonly characters?: number
  /** Makes a summary of the turns that are too old; it is placed before the others. */
  readonly summarize?: (older: readonly Turn[]) => string | Promise<string>
}

/** What an agent sees of the conversation that a message belongs to. */
export interface Conversation {
  /** A2A contextId. */
  readonly id: string
  /** The turns between this agent and who asks, oldest first, without the message that is being answered. 20 turns and 8,000 characters otherwise. */
  history(options?: HistoryOptions): Promise<readonly Turn[]>
}

/** A conversation that an application leads: all its calls carry the same contextId. */
export interface SwarmSession extends Conversation {
  /** As Swarm.call, in this conversation. */
  call(agent: string, message: Outgoing, options?: CallSettings): Promise<Reply>
  /** The lines of its record: JSON Lines can be verified and compared with the other party's, Markdown is for people. Throws NOT_FOUND. */
  export(format?: 'jsonl' | 'markdown'): AsyncIterable<string>
}

/** `id`: an earlier conversation; a new one otherwise. */
export function swarmSession(call: Call, sessions: Sessions, id: string = globalThis.crypto.randomUUID()): SwarmSession {
  return {
    id,
    call: (agent, message, options) => call(agent, within(message, id), options),
    history: (options) => sessions.context(id, options),
    export: (format) => sessions.exportLines(id, format)
  }
}

/** The conversation of a message that came in, as its agent and its sender know it. */
export function conversationOf(sessions: () => Sessions, id: string, peer: string, messageId: string): Conversation {
  return { id, history: (options) => sessions().context(id, { ...options, peer, without: messageId }) }
}

/** Not written into the message that was given: it is the caller's. */
function within(message: Outgoing, contextId: string): Outgoing {
  const request = outgoingRequest(message, () => globalThis.crypto.randomUUID())
  return request.message === undefined ? { request } : { request: { ...request, message: { ...request.message, contextId } } }
}
