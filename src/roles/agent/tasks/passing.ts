import type { ErrorCode, HansaError } from '../../../schema/errors.ts'

/** Too much at a time: asking the same again in a moment is what is wanted. */
const BUSY: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['RATE_LIMITED', 'TOO_MANY_CALLS', 'OVERLOADED'])

/** The way to the agent, or its node, is not there now; it may be again in a moment. */
const AWAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AGENT_UNREACHABLE',
  'PEER_UNREACHABLE',
  'CONNECTION_LOST',
  'DEADLINE_EXCEEDED',
  'CANCELED',
  'NO_ROUTE',
  // An agent whose node restarts is not attached for a moment; METHOD_NOT_FOUND: its roles start one after the other.
  'AGENT_NOT_FOUND',
  'METHOD_NOT_FOUND',
  'STORE_FAILED'
])

/** How an error passes: by itself in a moment, with the return of the agent, or not at all. */
export function passing(error: HansaError): 'busy' | 'away' | 'never' {
  return BUSY.has(error.code) ? 'busy' : AWAY.has(error.code) ? 'away' : 'never'
}
