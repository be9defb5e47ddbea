import type { IncomingHttpHeaders } from 'node:http'
import { declaredLanguage, wantedLanguage } from '../../wire/binding/languages.ts'
import { traceContext } from '../../wire/trace-context.ts'

/** Longest deadline that the network carries (call.proto), in milliseconds. */
const MAX_TIMEOUT_MS = 3_600_000

/** What goes with a call, beside its message. */
export interface CallHeaders {
  readonly extensions: readonly string[]
  readonly timeoutMs?: number
  readonly traceparent?: string
  readonly tracestate?: string
  readonly acceptLanguage?: string
  readonly contentLanguage?: string
}

/** From a client. What is not well-formed is left out. */
export function readCallHeaders(headers: IncomingHttpHeaders): CallHeaders {
  const timeout = Number(headers['request-timeout-ms'])
  const acceptLanguage = wantedLanguage(headers['accept-language'])
  // Not among the headers that node joins.
  const contentLanguage = declaredLanguage(text(headers['content-language']))
  return {
    // 0.3 wrote it with an X.
    extensions: (text(headers['a2a-extensions']) ?? text(headers['x-a2a-extensions']) ?? '')
      .split(',')
      .map((uri) => uri.trim())
      .filter((uri) => uri !== ''),
    ...(Number.isInteger(timeout) && timeout > 0 ? { timeoutMs: Math.min(timeout, MAX_TIMEOUT_MS) } : {}),
    ...traceContext(headers['traceparent'], headers['tracestate']),
    ...(acceptLanguage === undefined ? {} : { acceptLanguage }),
    ...(contentLanguage === undefined ? {} : { contentLanguage })
  }
}

function text(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header)
}
