import type { Metadata } from '@grpc/grpc-js'
import { declaredLanguage, wantedLanguage } from '../../wire/binding/languages.ts'
import { traceContext } from '../../wire/trace-context.ts'

/** What a client says beside its request. */
export interface CallMetadata {
  readonly version: string | undefined
  /** The agent that is called, where the message has no place for it. */
  readonly agent: string | undefined
  readonly extensions: readonly string[]
  readonly traceparent?: string
  readonly tracestate?: string
  readonly acceptLanguage?: string
  readonly contentLanguage?: string
  /** True when a proxy or a browser says that the client is somewhere else than its socket. */
  readonly forwarded: boolean
}

/** Headers of a proxy, or of a web page. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'origin', 'sec-fetch-site'] as const

/** The service parameters of A2A (specification 10.2), trace context and languages. Never throws: what is not well-formed is left out. */
export function readMetadata(metadata: Metadata): CallMetadata {
  const text = (key: string): string | undefined => {
    const values = metadata.get(key).map(String)
    return values.length === 0 ? undefined : values.join(',')
  }
  // 0.3 wrote it with an X.
  const extensions = (text('a2a-extensions') ?? text('x-a2a-extensions') ?? '').split(',').map((uri) => uri.trim())
  const acceptLanguage = wantedLanguage(text('accept-language'))
  const contentLanguage = declaredLanguage(text('content-language'))
  return {
    version: text('a2a-version'),
    agent: text('x-hansa-agent'),
    extensions: extensions.filter((uri) => uri !== ''),
    ...traceContext(text('traceparent'), text('tracestate')),
    ...(acceptLanguage === undefined ? {} : { acceptLanguage }),
    ...(contentLanguage === undefined ? {} : { contentLanguage }),
    forwarded: FORWARDED.some((key) => metadata.get(key).length > 0)
  }
}
