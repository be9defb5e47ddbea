import type { ErrorCode, HansaError } from '../../../schema/errors.ts'

/** What an error proves about a message that was sent: the agent never had it, says that it failed, wants none of it, or nobody can tell. */
export type Fate = 'undelivered' | 'failed' | 'refused' | 'unknown'

/**
 * For each code what it proves, by who says it. `way`: this node or one on the way to the agent. `agent`: the agent's own node, which passes on what the agent
 * itself says. What only this machine can mean is never sent by others; should it come all the same, it proves nothing.
 */
const FATES: Readonly<Record<ErrorCode, { readonly way: Fate; readonly agent: Fate }>> = {
  // Said before anything is handed on: no certificate, not allowed, not believed.
  UNAUTHENTICATED: { way: 'undelivered', agent: 'refused' },
  PERMISSION_DENIED: { way: 'undelivered', agent: 'refused' },
  CERTIFICATE_INVALID: { way: 'undelivered', agent: 'undelivered' },
  CERTIFICATE_EXPIRED: { way: 'undelivered', agent: 'undelivered' },
  CERTIFICATE_REVOKED: { way: 'undelivered', agent: 'undelivered' },
  UNKNOWN_DOMAIN: { way: 'undelivered', agent: 'undelivered' },
  VOUCHER_INVALID: { way: 'undelivered', agent: 'undelivered' },
  CSR_INVALID: { way: 'unknown', agent: 'unknown' },
  KEY_REFUSED: { way: 'unknown', agent: 'unknown' },
  SCOPE_EXCEEDED: { way: 'unknown', agent: 'unknown' },
  NAME_TAKEN: { way: 'unknown', agent: 'unknown' },
  APPLICATION_PENDING: { way: 'unknown', agent: 'unknown' },
  APPLICATION_REJECTED: { way: 'unknown', agent: 'unknown' },
  // Whoever refuses because its list is old has done nothing.
  CRL_STALE: { way: 'undelivered', agent: 'undelivered' },
  ROOT_SEALED: { way: 'unknown', agent: 'unknown' },
  AUDIT_BROKEN: { way: 'unknown', agent: 'unknown' },
  // Too large, or not to be read: it may be the answer that is. Requests are measured before they are sent.
  FRAME_TOO_LARGE: { way: 'unknown', agent: 'unknown' },
  MALFORMED: { way: 'unknown', agent: 'unknown' },
  PROTOCOL_VERSION: { way: 'undelivered', agent: 'undelivered' },
  METHOD_NOT_FOUND: { way: 'undelivered', agent: 'refused' },
  INVALID_ARGUMENT: { way: 'refused', agent: 'refused' },
  // Of the agent's record, which is read before the call.
  SIGNATURE_INVALID: { way: 'undelivered', agent: 'unknown' },
  RECORD_STALE: { way: 'undelivered', agent: 'unknown' },
  INCOMPLETE_REGISTRATION: { way: 'unknown', agent: 'unknown' },
  // A gateway says these before it opens the call to the agent's node; from that node itself they may come in the midst of the work.
  AGENT_NOT_FOUND: { way: 'undelivered', agent: 'undelivered' },
  NO_ROUTE: { way: 'undelivered', agent: 'failed' },
  AGENT_UNREACHABLE: { way: 'undelivered', agent: 'unknown' },
  NEIGHBOR_NOT_FOUND: { way: 'undelivered', agent: 'failed' },
  NOT_FOUND: { way: 'undelivered', agent: 'failed' },
  RATE_LIMITED: { way: 'undelivered', agent: 'undelivered' },
  TOO_MANY_CALLS: { way: 'undelivered', agent: 'undelivered' },
  // At the agent's node it may be the answer that found no room.
  OVERLOADED: { way: 'undelivered', agent: 'unknown' },
  DEADLINE_EXCEEDED: { way: 'unknown', agent: 'unknown' },
  CANCELED: { way: 'unknown', agent: 'unknown' },
  HOP_LIMIT: { way: 'undelivered', agent: 'failed' },
  LOOP: { way: 'undelivered', agent: 'failed' },
  // Only dialling fails so; a connection that breaks later is CONNECTION_LOST.
  PEER_UNREACHABLE: { way: 'undelivered', agent: 'unknown' },
  CONNECTION_LOST: { way: 'unknown', agent: 'unknown' },
  // The agent has read the message and says no.
  TASK_NOT_FOUND: { way: 'failed', agent: 'failed' },
  TASK_NOT_CANCELABLE: { way: 'failed', agent: 'failed' },
  PUSH_NOTIFICATION_NOT_SUPPORTED: { way: 'refused', agent: 'refused' },
  UNSUPPORTED_OPERATION: { way: 'refused', agent: 'refused' },
  CONTENT_TYPE_NOT_SUPPORTED: { way: 'refused', agent: 'refused' },
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: { way: 'refused', agent: 'refused' },
  EXTENSION_SUPPORT_REQUIRED: { way: 'refused', agent: 'refused' },
  VERSION_NOT_SUPPORTED: { way: 'refused', agent: 'refused' },
  // It has answered, and nobody can read what.
  INVALID_AGENT_RESPONSE: { way: 'unknown', agent: 'unknown' },
  AGENT_FAILED: { way: 'failed', agent: 'failed' },
  OUTCOME_UNKNOWN: { way: 'unknown', agent: 'unknown' },
  NO_PLAN: { way: 'failed', agent: 'failed' },
  STEP_SKIPPED: { way: 'failed', agent: 'failed' },
  BUDGET_EXCEEDED: { way: 'failed', agent: 'failed' },
  INBOX_FULL: { way: 'undelivered', agent: 'undelivered' },
  // May be said of the answer; another agent may speak the language.
  TRANSLATION_UNAVAILABLE: { way: 'failed', agent: 'failed' },
  // Of a machine, not of a call.
  CONFIG_INVALID: { way: 'unknown', agent: 'unknown' },
  HOME_MISSING: { way: 'unknown', agent: 'unknown' },
  HOME_EXISTS: { way: 'unknown', agent: 'unknown' },
  HOME_LOCKED: { way: 'unknown', agent: 'unknown' },
  KEY_MISSING: { way: 'unknown', agent: 'unknown' },
  KEY_EXPOSED: { way: 'unknown', agent: 'unknown' },
  PORT_TAKEN: { way: 'unknown', agent: 'unknown' },
  NODE_NOT_RUNNING: { way: 'unknown', agent: 'unknown' },
  TOKEN_INVALID: { way: 'unknown', agent: 'unknown' },
  ROLE_MISSING: { way: 'unknown', agent: 'unknown' },
  STORE_FAILED: { way: 'unknown', agent: 'unknown' },
  INTERNAL: { way: 'unknown', agent: 'unknown' }
}

/** What the error proves about a message to the agent with this SPIFFE ID (empty: not known, then the agent's node is believed nowhere). */
export function fateOf(error: HansaError, agentSpiffeId: string): Fate {
  const fates = FATES[error.code]
  const through = error.metadata['through']
  // Its work has come to nothing, whatever that met.
  if (through !== undefined && (through === agentSpiffeId || agentSpiffeId === '')) return 'failed'
  const at = error.metadata['at']
  if (at !== undefined && at === agentSpiffeId) return fates.agent
  // Without knowing who the agent's node is, a word of it cannot be told from one of the way: the weaker of the two counts.
  return agentSpiffeId === '' && fates.way === 'undelivered' ? fates.agent : fates.way
}
