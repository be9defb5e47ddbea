import type { HansaError } from '../../../schema/errors.ts'

/** Of an agent that has not begun to work: it asks for patience (the word of the agent itself, not of somebody that it has called). */
const NOT_NOW: ReadonlySet<string> = new Set(['RATE_LIMITED', 'TOO_MANY_CALLS', 'OVERLOADED'])

/** The way to the agent failed, or its time ran out: nobody knows what the agent did. */
const UNCERTAIN: ReadonlySet<string> = new Set(['AGENT_UNREACHABLE', 'PEER_UNREACHABLE', 'CONNECTION_LOST', 'DEADLINE_EXCEEDED', 'CANCELED'])

/** No connection was made, so nothing can have been sent. */
const NO_CONNECTION: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOENT'])

/**
 * What a failure says of the message: `untouched` (it was not worked on and may come again), `uncertain` (it may have been), or `over` (the agent has refused it or
 * failed, and would say so again).
 */
export function failureKind(error: HansaError): 'untouched' | 'uncertain' | 'over' {
  // An error of another node has passed through the agent: it tells how the agent's own work went.
  if (error.metadata['at'] !== undefined) return 'over'
  if (NOT_NOW.has(error.code)) return 'untouched'
  if (!UNCERTAIN.has(error.code)) return 'over'
  return error.code === 'AGENT_UNREACHABLE' && unconnected(error.cause) ? 'untouched' : 'uncertain'
}

function unconnected(cause: unknown): boolean {
  for (let one = cause, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth++) {
    if ('code' in one && NO_CONNECTION.has(one.code)) return true
    // gRPC has a code of its own for all of these and says it in words.
    if ('details' in one && typeof one.details === 'string' && one.details.startsWith('No connection established')) return true
  }
  return false
}
