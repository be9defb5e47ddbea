import { type ErrorCode, HansaError, toHansaError } from '../../../../schema/errors.ts'

/** Error types of ACME (RFC 8555 6.7, RFC 9773) that we give. */
export type ProblemType =
  | 'accountDoesNotExist'
  | 'alreadyRevoked'
  | 'badCSR'
  | 'badNonce'
  | 'badPublicKey'
  | 'badRevocationReason'
  | 'badSignatureAlgorithm'
  | 'externalAccountRequired'
  | 'malformed'
  | 'orderNotReady'
  | 'rateLimited'
  | 'rejectedIdentifier'
  | 'serverInternal'
  | 'unauthorized'
  | 'unsupportedContact'
  | 'unsupportedIdentifier'

const PREFIX = 'urn:ietf:params:acme:error:'

/** A problem document (RFC 7807) on its way to an ACME client. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem'
  readonly status: number
  readonly type: ProblemType
  readonly headers: Readonly<Record<string, string>>
  /** Members beside type, detail and status. */
  readonly more: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    type: ProblemType,
    detail: string,
    { headers = {}, more = {} }: { readonly headers?: Readonly<Record<string, string>>; readonly more?: Readonly<Record<string, unknown>> } = {}
  ) {
    super(detail)
    this.status = status
    this.type = type
    this.headers = headers
    this.more = more
  }

  get document(): Record<string, unknown> {
    return { type: PREFIX + this.type, detail: this.message, status: this.status, ...this.more }
  }
}

export function malformed(detail: string): AcmeProblem {
  return new AcmeProblem(400, 'malformed', detail)
}

export function rateLimited(detail: string, retryAfterMs: number): AcmeProblem {
  return new AcmeProblem(429, 'rateLimited', detail, { headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) } })
}

/** What the ACA says, in the words of ACME. */
const PROBLEMS: Readonly<Partial<Record<ErrorCode, readonly [number, ProblemType]>>> = {
  CSR_INVALID: [400, 'badCSR'],
  KEY_REFUSED: [400, 'badPublicKey'],
  VOUCHER_INVALID: [403, 'unauthorized'],
  NAME_TAKEN: [403, 'rejectedIdentifier'],
  SCOPE_EXCEEDED: [403, 'unauthorized'],
  PERMISSION_DENIED: [403, 'unauthorized'],
  APPLICATION_REJECTED: [403, 'unauthorized'],
  UNAUTHENTICATED: [401, 'unauthorized'],
  INVALID_ARGUMENT: [400, 'malformed'],
  MALFORMED: [400, 'malformed'],
  CERTIFICATE_INVALID: [400, 'malformed'],
  NOT_FOUND: [404, 'malformed'],
  FRAME_TOO_LARGE: [413, 'malformed'],
  CONTENT_TYPE_NOT_SUPPORTED: [415, 'malformed'],
  OVERLOADED: [429, 'rateLimited'],
  RATE_LIMITED: [429, 'rateLimited']
}

/** Anything thrown, also by the HTTP library. What is nobody's fault outside is serverInternal and tells nothing. */
export function toProblem(thrown: unknown): AcmeProblem {
  if (thrown instanceof AcmeProblem) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new AcmeProblem(415, 'malformed', 'the body must be application/jose+json')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AcmeProblem(413, 'malformed', 'the request is too large')
  if (typeof code === 'string' && code.startsWith('FST_ERR_')) return malformed('the request cannot be read')
  const error = toHansaError(thrown)
  const [status, type] = PROBLEMS[error.code] ?? [500, 'serverInternal' as const]
  if (type === 'rateLimited') return rateLimited(error.message, Number(error.metadata['retryAfterMs'] ?? 1_000))
  return new AcmeProblem(status, type, error instanceof HansaError ? error.message : 'internal error')
}
