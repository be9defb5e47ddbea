import { create } from '@bufbuild/protobuf'
import { type ErrorDetail, ErrorDetailSchema } from './generated/hansa/v1/call_pb.ts'

/**
 * Every error that crosses a boundary of Hansa, by its stable code. `hint` says what to do; `{name}` is filled from the metadata.
 * A code is never renamed or given another meaning. Each binding has one exhaustive table from these codes to its own statuses.
 */
export const ERRORS = {
  // who are you
  UNAUTHENTICATED: 'Show a certificate: join the domain first (hansa join).',
  PERMISSION_DENIED: 'Ask the operator of {domain} to list your domain or to widen its policy.',
  CERTIFICATE_INVALID: 'Enrol again: hansa join with a fresh invite.',
  CERTIFICATE_EXPIRED: 'Renew it: hansa cert renew.',
  CERTIFICATE_REVOKED: 'Ask the operator of the ACA why; a new invite gives a new certificate.',
  UNKNOWN_DOMAIN: 'List the domain: hansa gw connect ADDR --root SHA256:...',
  VOUCHER_INVALID: 'Ask for a fresh invite: hansa invite.',
  CSR_INVALID: 'Make the request again with the key of this node.',
  KEY_REFUSED: 'Make a new key (Ed25519, or P-256 for TLS clients); this one is weak, blocked or in use elsewhere.',
  SCOPE_EXCEEDED: 'Ask for less, or ask the operator of the ACA to widen the voucher or the policy.',
  NAME_TAKEN: 'Choose another name, revoke what has it, or make the invite with --replace.',
  APPLICATION_PENDING: 'The operator decides: hansa ca pending; ask again in {retryAfterMs} ms.',
  APPLICATION_REJECTED: 'Read why, mend the materials, and apply again.',
  CRL_STALE: 'See whether the ACA of {domain} is up; it must publish a revocation list.',
  ROOT_SEALED: 'Give the passphrase of the root key, or bring the key back from where it is kept.',
  AUDIT_BROKEN: 'Somebody changed the log of the ACA; compare it with a backup.',
  // what did you say
  FRAME_TOO_LARGE: 'Send smaller frames or messages; the bound is {bound} bytes.',
  MALFORMED: 'Check the sender: these bytes are not what the protocol says.',
  PROTOCOL_VERSION: 'Run versions of Hansa that share a protocol version.',
  METHOD_NOT_FOUND: 'The other node has no such role or is older.',
  INVALID_ARGUMENT: 'Correct the argument that is named.',
  SIGNATURE_INVALID: 'Somebody changed the bytes or signed with another key.',
  RECORD_STALE: 'A newer record exists; read it again before you write.',
  INCOMPLETE_REGISTRATION: 'Fill in what is missing: {missing}.',
  // where is it
  AGENT_NOT_FOUND: 'See what there is: hansa find.',
  NO_ROUTE: 'See which gateways are connected: hansa gw neighbors.',
  AGENT_UNREACHABLE: 'See whether it is online: hansa find --status any.',
  NEIGHBOR_NOT_FOUND: 'See which gateways are connected: hansa gw neighbors.',
  NOT_FOUND: 'Check the name.',
  // how much, how long
  RATE_LIMITED: 'Wait {retryAfterMs} ms.',
  TOO_MANY_CALLS: 'Wait for some of your {bound} open calls to end.',
  OVERLOADED: 'Try again in a moment.',
  DEADLINE_EXCEEDED: 'Allow more time (--timeout) or see hansa gw trace.',
  CANCELED: 'The caller went away.',
  HOP_LIMIT: 'Too many gateways on the way; see hansa gw trace.',
  LOOP: 'The route leads back to a gateway it has passed; see hansa gw routes.',
  // peers
  PEER_UNREACHABLE: 'Check the address and that the node is up (hansa status there).',
  CONNECTION_LOST: 'Try again; the other node or the network went away.',
  // A2A's own (specification 5.4)
  TASK_NOT_FOUND: 'The task is unknown, over, or not yours.',
  TASK_NOT_CANCELABLE: 'The task has ended.',
  PUSH_NOTIFICATION_NOT_SUPPORTED: 'Poll with GetTask or stream.',
  UNSUPPORTED_OPERATION: 'The agent does not offer this operation; see its card.',
  CONTENT_TYPE_NOT_SUPPORTED: 'Send a media type of the card.',
  INVALID_AGENT_RESPONSE: 'The agent answered with something that is not A2A 1.0.',
  AGENT_FAILED: 'The agent itself failed; ask who runs it.',
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: 'Use the public card.',
  EXTENSION_SUPPORT_REQUIRED: 'Send A2A-Extensions with the required extension.',
  VERSION_NOT_SUPPORTED: 'Send A2A-Version: 1.0.',
  // work of several agents (draft 2.4)
  OUTCOME_UNKNOWN: 'See what {agent} did before you ask again; a step that may be done twice says repeatable: true.',
  NO_PLAN: 'Give what is missing ({missing}), or register an agent that puts it out.',
  STEP_SKIPPED: 'See what the step waits for: {reason}.',
  BUDGET_EXCEEDED: 'Allow more attempts (budget: {budget}), or see what took so many: hansa task show.',
  INBOX_FULL: 'Wait until {agent} is back and has taken what waits for it.',
  // translation (draft 3.3.2)
  TRANSLATION_UNAVAILABLE: 'Configure a backend for {pair} (gateway.language), or ask with onMissing "pass".',
  // this machine
  CONFIG_INVALID: 'Correct the file at the line named; hansa config check lists all problems.',
  HOME_MISSING: 'Make a home: hansa init --domain D, or hansa join.',
  HOME_EXISTS: 'Choose another --home.',
  HOME_LOCKED: 'Stop the other process (pid {pid}) or choose another --home.',
  KEY_MISSING: 'Restore the key file from your backup, or make a new home.',
  KEY_EXPOSED: 'Close it to others: chmod 600 {file}; whoever could read it may have it, so think of a new key.',
  PORT_TAKEN: 'Choose another port in config.yaml (0 means any free one).',
  NODE_NOT_RUNNING: 'Start it: hansa up --home {home}.',
  TOKEN_INVALID: 'Send the content of admin.token in the home of the node as Authorization: Bearer TOKEN.',
  ROLE_MISSING: 'Run this on a node that has the role {role}.',
  STORE_FAILED: 'Check the disk.',
  INTERNAL: 'This is a bug of Hansa; please report it with the log.'
} as const

/** Code of an error, which never changes its meaning. */
export type ErrorCode = keyof typeof ERRORS

/** True for a code of this version of Hansa. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

/** An expected failure, with a stable code. `message` is public and names what was wrong; `cause` stays on this machine. */
export class HansaError extends Error {
  override readonly name = 'HansaError'
  /** What programs look at. */
  readonly code: ErrorCode
  /** Details by name, such as `retryAfterMs`. */
  readonly metadata: Readonly<Record<string, string>>

  constructor(code: ErrorCode, message: string, metadata: Record<string, string | number> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.metadata = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]))
  }

  /** What to do about it, in one sentence. */
  get hint(): string {
    return ERRORS[this.code].replace(/\{(\w+)\}/g, (_, name: string) => this.metadata[name] ?? name)
  }

  /** The same error, saying at which node (SPIFFE ID) it arose, unless it says so already. */
  at(node: string): HansaError {
    return this.metadata['at'] === undefined ? new HansaError(this.code, this.message, { ...this.metadata, at: node }, this.cause) : this
  }

  /** The same error, which an agent's own work met elsewhere, as the agent at `node` (SPIFFE ID) passes it on. */
  passedOn(node: string): HansaError {
    return new HansaError(this.code, this.message, { ...this.metadata, through: node }, this.cause)
  }

  /** True when it tells how an agent's work went, and nothing of the way to that agent. */
  get isOfWork(): boolean {
    return this.metadata['through'] !== undefined
  }
}

/** Anything thrown, as a HansaError; what is not one becomes INTERNAL, its own message kept as the cause and not shown to strangers. */
export function toHansaError(thrown: unknown): HansaError {
  if (thrown instanceof HansaError) return thrown
  if (thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError')) {
    if (thrown.name === 'TimeoutError') return new HansaError('DEADLINE_EXCEEDED', 'time ran out', {}, thrown)
    return thrown.cause instanceof HansaError ? thrown.cause : new HansaError('CANCELED', 'the call was canceled', {}, thrown)
  }
  return new HansaError('INTERNAL', 'internal error', {}, thrown)
}

/** To the wire. */
export function errorDetail(error: HansaError): ErrorDetail {
  return create(ErrorDetailSchema, { code: error.code, message: error.message, metadata: { ...error.metadata } })
}

/** From the wire; a code we do not know is kept as text in the metadata. */
export function errorOf(detail: ErrorDetail): HansaError {
  return isErrorCode(detail.code)
    ? new HansaError(detail.code, detail.message, detail.metadata)
    : new HansaError('INTERNAL', detail.message, { ...detail.metadata, reason: detail.code })
}
