const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** W3C Trace Context 3.3.1.5: vendors must take 512 characters; more may be cut. */
const MAX_STATE = 512

/** What a call may carry of W3C Trace Context Level 1. */
export interface TraceContext {
  readonly traceparent?: string
  readonly tracestate?: string
}

/** Keeps what is well-formed; a state without a parent means nothing. Any other value is left out, as the recommendation says. */
export function traceContext(traceparent: unknown, tracestate: unknown): TraceContext {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return {}
  const state = typeof tracestate === 'string' && /^[\x20-\x7e]+$/.test(tracestate) && tracestate.length <= MAX_STATE ? tracestate : undefined
  return state === undefined ? { traceparent } : { traceparent, tracestate: state }
}

/** As headers of HTTP or metadata of gRPC. */
export function traceHeaders({
  traceparent,
  tracestate
}: {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}): Record<string, string> {
  if (traceparent === undefined) return {}
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}
