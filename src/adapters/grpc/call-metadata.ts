import type { Metadata } from '@grpc/grpc-js'
import { traceContext } from '../../wire/trace-context.ts'

/** What a client says beside its request. */
export interface CallMetadata {
  readonly version: string | undefined
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

/** A language tag (BCP 47, RFC 4647): at most 35 characters hold any that is registered. */
const LANGUAGE = /^(?=.{1,35}$)[a-z]{1,8}(-[a-z0-9]{1,8})*$/i

/** The service parameters of A2A (specification 10.2), trace context and languages. Never throws: what is not well-formed is left out. */
export function readMetadata(metadata: Metadata): CallMetadata {
  const text = (key: string): string | undefined => {
    const values = metadata.get(key).map(String)
    return values.length === 0 ? undefined : values.join(',')
  }
  const extensions = (text('a2a-extensions') ?? '').split(',').map((uri) => uri.trim())
  const acceptLanguage = preferred(text('accept-language'))
  const contentLanguage = preferred(text('content-language'))
  return {
    version: text('a2a-version'),
    extensions: extensions.filter((uri) => uri !== ''),
    ...traceContext(text('traceparent'), text('tracestate')),
    ...(acceptLanguage === undefined ? {} : { acceptLanguage }),
    ...(contentLanguage === undefined ? {} : { contentLanguage }),
    forwarded: FORWARDED.some((key) => metadata.get(key).length > 0)
  }
}

/** The language with the highest weight; the first of those that are alike (RFC 9110, 12.5.4). */
function preferred(header: string | undefined): string | undefined {
  let best: { readonly tag: string; readonly weight: number } | undefined
  for (const item of (header ?? '').slice(0, 1_000).split(',')) {
    const [tag = '', ...parameters] = item.split(';').map((part) => part.trim())
    const said = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = said === undefined ? 1 : Number(said.slice(2))
    if (LANGUAGE.test(tag) && weight > (best?.weight ?? 0)) best = { tag, weight }
  }
  return best?.tag
}
