import type { ErrorCode } from '../../schema/errors.ts'

/** Who defined the error: it stands as `domain` in google.rpc.ErrorInfo. */
export type ErrorDomain = 'a2a-protocol.org' | 'hansa'

export interface ErrorStatus {
  /** `error.code` of JSON-RPC 2.0. */
  readonly jsonRpc: number
  /** Status of the HTTP response that carries the JSON-RPC error. A2A's own errors are answers like any other: 200. */
  readonly http: number
  readonly domain: ErrorDomain
}

const a2a = (jsonRpc: number): ErrorStatus => ({ jsonRpc, http: 200, domain: 'a2a-protocol.org' })
const request = (jsonRpc: number, http = 400): ErrorStatus => ({ jsonRpc, http, domain: 'hansa' })
/** JSON-RPC has one code for all that happens on the way; the reason is in ErrorInfo, the kind in the HTTP status. */
const network = (http: number): ErrorStatus => ({ jsonRpc: -32603, http, domain: 'hansa' })

/** Every error over JSON-RPC. A code without an entry does not compile. */
export const ERROR_STATUS: Readonly<Record<ErrorCode, ErrorStatus>> = {
  UNAUTHENTICATED: network(401),
  PERMISSION_DENIED: network(403),
  CERTIFICATE_INVALID: network(401),
  CERTIFICATE_EXPIRED: network(401),
  CERTIFICATE_REVOKED: network(401),
  UNKNOWN_DOMAIN: network(403),
  VOUCHER_INVALID: network(403),
  CSR_INVALID: network(400),
  FRAME_TOO_LARGE: request(-32600, 413),
  MALFORMED: request(-32600),
  PROTOCOL_VERSION: network(502),
  METHOD_NOT_FOUND: request(-32601, 200),
  INVALID_ARGUMENT: request(-32602, 200),
  SIGNATURE_INVALID: network(403),
  RECORD_STALE: network(409),
  INCOMPLETE_REGISTRATION: request(-32602, 200),
  AGENT_NOT_FOUND: network(404),
  NO_ROUTE: network(404),
  AGENT_UNREACHABLE: network(503),
  NEIGHBOR_NOT_FOUND: network(404),
  NOT_FOUND: network(404),
  RATE_LIMITED: network(429),
  TOO_MANY_CALLS: network(429),
  OVERLOADED: network(503),
  DEADLINE_EXCEEDED: network(504),
  // Nobody is there to read it; 499 is what nginx and gRPC gateways log.
  CANCELED: network(499),
  HOP_LIMIT: network(508),
  LOOP: network(508),
  PEER_UNREACHABLE: network(503),
  CONNECTION_LOST: network(503),
  TASK_NOT_FOUND: a2a(-32001),
  TASK_NOT_CANCELABLE: a2a(-32002),
  PUSH_NOTIFICATION_NOT_SUPPORTED: a2a(-32003),
  UNSUPPORTED_OPERATION: a2a(-32004),
  CONTENT_TYPE_NOT_SUPPORTED: a2a(-32005),
  INVALID_AGENT_RESPONSE: a2a(-32006),
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: a2a(-32007),
  EXTENSION_SUPPORT_REQUIRED: a2a(-32008),
  VERSION_NOT_SUPPORTED: a2a(-32009),
  AGENT_FAILED: network(200),
  CONFIG_INVALID: network(500),
  HOME_MISSING: network(500),
  HOME_EXISTS: network(500),
  HOME_LOCKED: network(500),
  KEY_MISSING: network(500),
  PORT_TAKEN: network(500),
  NODE_NOT_RUNNING: network(503),
  ROLE_MISSING: network(501),
  STORE_FAILED: network(500),
  KEY_EXPOSED: network(500),
  TOKEN_INVALID: network(401),
  INTERNAL: network(500)
}

const BY_A2A_CODE: ReadonlyMap<number, ErrorCode> = new Map(
  (Object.keys(ERROR_STATUS) as ErrorCode[])
    .filter((code) => ERROR_STATUS[code].domain === 'a2a-protocol.org')
    .map((code) => [ERROR_STATUS[code].jsonRpc, code])
)

/** The error that A2A means by a JSON-RPC code, if it is one of A2A's. */
export function errorOfA2aCode(jsonRpc: number): ErrorCode | undefined {
  return BY_A2A_CODE.get(jsonRpc)
}
