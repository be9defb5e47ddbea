import { spread } from '../liveness/heartbeat-schedule.ts'
import type { ErrorCode, HansaError } from '../../schema/errors.ts'

/** What becomes of an item whose delivery failed: it waits and is sent again, or it is over. */
export type AfterFailure = { readonly kind: 'again'; readonly delayMs: number; readonly others: boolean } | { readonly kind: 'over' }

/** The message did not get to the agent: nothing is lost by trying until it expires. */
const NOT_HANDED_OVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AGENT_UNREACHABLE',
  'AGENT_NOT_FOUND',
  'PEER_UNREACHABLE',
  'NO_ROUTE',
  'OVERLOADED',
  'RATE_LIMITED',
  'TOO_MANY_CALLS',
  'CANCELED',
  // This gateway, or the agent's node, is just starting.
  'UNAUTHENTICATED',
  'METHOD_NOT_FOUND',
  'STORE_FAILED'
])

/** Bounds that a sender may have reached alone: what others have sent need not wait for it. */
const OF_SENDER: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OVERLOADED', 'RATE_LIMITED', 'TOO_MANY_CALLS'])

/** The agent may have the message. It knows the double, but a message that kills it must not do so for a week. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CONNECTION_LOST', 'DEADLINE_EXCEEDED', 'INTERNAL'])

/** Deliveries that are begun of a message that the agent takes and never answers. */
const MAX_UNANSWERED = 20

/** An agent that has just attached may need a moment; one that does not answer is asked once a minute. */
const FIRST_MS = 250
const LAST_MS = 60_000

/**
 * `attempts` deliveries were begun so far, this one included; `failures` of this agent's came one after the other, this one included. `others`: what other senders
 * have waiting there may be delivered meanwhile.
 */
export function afterFailure({ code, isOfWork }: HansaError, attempts: number, failures: number, agent: string): AfterFailure {
  // The agent has had it, and would say so again.
  if (isOfWork) return { kind: 'over' }
  if (!NOT_HANDED_OVER.has(code) && !(UNANSWERED.has(code) && attempts < MAX_UNANSWERED)) return { kind: 'over' }
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16))
  return { kind: 'again', delayMs: Math.round(full * (1 - spread(`${agent}#${failures}`) / 4)), others: OF_SENDER.has(code) }
}

/** True when a message that may wait is to be kept after its delivery has failed in this way, rather than the sender being told. */
export function mayWait({ code, isOfWork }: HansaError): boolean {
  if (isOfWork) return false
  return code === 'AGENT_UNREACHABLE' || code === 'AGENT_NOT_FOUND' || code === 'NO_ROUTE' || code === 'PEER_UNREACHABLE' || code === 'CONNECTION_LOST'
}
