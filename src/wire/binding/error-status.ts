import type { ErrorCode } from '../../schema/errors.ts'

/** Who defined the error: it stands as `domain` in google.rpc.ErrorInfo. */
export type ErrorDomain = 'a2a-protocol.org' | 'hansa'

/** Status names of gRPC (google.rpc.Code). */
export const GRPC_CODES = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16
} as const

export type GrpcStatus = keyof typeof GRPC_CODES

export interface ErrorStatus {
  /** `error.code` of JSON-RPC 2.0. */
  readonly jsonRpc: number
  /** Status of the HTTP response that carries the JSON-RPC error. A2A's own errors are answers like any other: 200. */
  readonly http: number
  /** HTTP status in the REST binding, where it is the error. */
  readonly rest: number
  readonly grpc: GrpcStatus
  readonly domain: ErrorDomain
}

const a2a = (jsonRpc: number, rest: number, grpc: GrpcStatus): ErrorStatus => ({ jsonRpc, http: 200, rest, grpc, domain: 'a2a-protocol.org' })
/** The HTTP request itself is wrong, or what it carries; JSON-RPC answers the latter with 200. */
const request = (jsonRpc: number, http: number, grpc: GrpcStatus): ErrorStatus => ({ jsonRpc, http, rest: http, grpc, domain: 'hansa' })
const answered = (jsonRpc: number, rest: number, grpc: GrpcStatus): ErrorStatus => ({ jsonRpc, http: 200, rest, grpc, domain: 'hansa' })
/** JSON-RPC has one code for all that happens on the way; the reason is in ErrorInfo, the kind in the HTTP status. */
const network = (http: number, grpc: GrpcStatus): ErrorStatus => ({ jsonRpc: -32603, http, rest: http, grpc, domain: 'hansa' })

/** Every error in every binding (MQTT carries JSON-RPC). A code without an entry does not compile. */
export const ERROR_STATUS: Readonly<Record<ErrorCode, ErrorStatus>> = {
  UNAUTHENTICATED: network(401, 'UNAUTHENTICATED'),
  PERMISSION_DENIED: network(403, 'PERMISSION_DENIED'),
  CERTIFICATE_INVALID: network(401, 'UNAUTHENTICATED'),
  CERTIFICATE_EXPIRED: network(401, 'UNAUTHENTICATED'),
  CERTIFICATE_REVOKED: network(401, 'UNAUTHENTICATED'),
  UNKNOWN_DOMAIN: network(403, 'PERMISSION_DENIED'),
  VOUCHER_INVALID: network(403, 'PERMISSION_DENIED'),
  CSR_INVALID: network(400, 'INVALID_ARGUMENT'),
  KEY_REFUSED: network(400, 'INVALID_ARGUMENT'),
  SCOPE_EXCEEDED: network(403, 'PERMISSION_DENIED'),
  NAME_TAKEN: network(409, 'FAILED_PRECONDITION'),
  APPLICATION_PENDING: network(503, 'UNAVAILABLE'),
  APPLICATION_REJECTED: network(403, 'PERMISSION_DENIED'),
  CRL_STALE: network(503, 'UNAVAILABLE'),
  ROOT_SEALED: network(500, 'INTERNAL'),
  AUDIT_BROKEN: network(500, 'INTERNAL'),
  FRAME_TOO_LARGE: request(-32600, 413, 'RESOURCE_EXHAUSTED'),
  MALFORMED: request(-32600, 400, 'INVALID_ARGUMENT'),
  PROTOCOL_VERSION: network(502, 'UNIMPLEMENTED'),
  METHOD_NOT_FOUND: answered(-32601, 404, 'UNIMPLEMENTED'),
  INVALID_ARGUMENT: answered(-32602, 400, 'INVALID_ARGUMENT'),
  SIGNATURE_INVALID: network(403, 'PERMISSION_DENIED'),
  RECORD_STALE: network(409, 'FAILED_PRECONDITION'),
  INCOMPLETE_REGISTRATION: answered(-32602, 400, 'INVALID_ARGUMENT'),
  AGENT_NOT_FOUND: network(404, 'NOT_FOUND'),
  NO_ROUTE: network(404, 'NOT_FOUND'),
  AGENT_UNREACHABLE: network(503, 'UNAVAILABLE'),
  NEIGHBOR_NOT_FOUND: network(404, 'NOT_FOUND'),
  NOT_FOUND: network(404, 'NOT_FOUND'),
  RATE_LIMITED: network(429, 'RESOURCE_EXHAUSTED'),
  TOO_MANY_CALLS: network(429, 'RESOURCE_EXHAUSTED'),
  OVERLOADED: network(503, 'UNAVAILABLE'),
  DEADLINE_EXCEEDED: network(504, 'DEADLINE_EXCEEDED'),
  // Nobody is there to read it; 499 is what nginx and gRPC gateways log.
  CANCELED: network(499, 'CANCELLED'),
  HOP_LIMIT: network(508, 'ABORTED'),
  LOOP: network(508, 'ABORTED'),
  PEER_UNREACHABLE: network(503, 'UNAVAILABLE'),
  CONNECTION_LOST: network(503, 'UNAVAILABLE'),
  TASK_NOT_FOUND: a2a(-32001, 404, 'NOT_FOUND'),
  TASK_NOT_CANCELABLE: a2a(-32002, 400, 'FAILED_PRECONDITION'),
  PUSH_NOTIFICATION_NOT_SUPPORTED: a2a(-32003, 400, 'FAILED_PRECONDITION'),
  UNSUPPORTED_OPERATION: a2a(-32004, 400, 'FAILED_PRECONDITION'),
  CONTENT_TYPE_NOT_SUPPORTED: a2a(-32005, 400, 'INVALID_ARGUMENT'),
  INVALID_AGENT_RESPONSE: a2a(-32006, 500, 'INTERNAL'),
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: a2a(-32007, 400, 'FAILED_PRECONDITION'),
  EXTENSION_SUPPORT_REQUIRED: a2a(-32008, 400, 'FAILED_PRECONDITION'),
  VERSION_NOT_SUPPORTED: a2a(-32009, 400, 'FAILED_PRECONDITION'),
  OUTCOME_UNKNOWN: network(409, 'ABORTED'),
  NO_PLAN: network(404, 'NOT_FOUND'),
  STEP_SKIPPED: network(409, 'ABORTED'),
  BUDGET_EXCEEDED: network(429, 'RESOURCE_EXHAUSTED'),
  INBOX_FULL: network(429, 'RESOURCE_EXHAUSTED'),
  TRANSLATION_UNAVAILABLE: answered(-32005, 400, 'INVALID_ARGUMENT'),
  AGENT_FAILED: { ...network(500, 'INTERNAL'), http: 200 },
  CONFIG_INVALID: network(500, 'INTERNAL'),
  HOME_MISSING: network(500, 'INTERNAL'),
  HOME_EXISTS: network(500, 'INTERNAL'),
  HOME_LOCKED: network(500, 'INTERNAL'),
  KEY_MISSING: network(500, 'INTERNAL'),
  PORT_TAKEN: network(500, 'INTERNAL'),
  NODE_NOT_RUNNING: network(503, 'UNAVAILABLE'),
  ROLE_MISSING: network(501, 'UNIMPLEMENTED'),
  STORE_FAILED: network(500, 'INTERNAL'),
  KEY_EXPOSED: network(500, 'INTERNAL'),
  TOKEN_INVALID: network(401, 'UNAUTHENTICATED'),
  INTERNAL: network(500, 'INTERNAL')
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
