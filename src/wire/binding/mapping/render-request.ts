import type { JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../../schema/errors.ts'
import type { GrpcRoute, HttpMethod, HttpRoute } from './mapping.ts'
import { renderText, renderTree, type Template, TemplateError } from './template.ts'

export interface RenderedHttp {
  readonly url: URL
  readonly method: HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Servers of the field take 8 KiB of a request line and of a header. */
const MAX_URL = 8_000
const MAX_HEADER = 8_000

/**
 * The request for a message. What comes from the message can never be more than a value: in the path it is one segment (slashes and dots encoded or refused), in the
 * query one value, in a header one line, in JSON one value. The origin comes from the mapping or the card alone.
 * Throws INVALID_ARGUMENT (metadata: field).
 */
export function renderHttp(route: HttpRoute, base: URL, scope: JsonValue): RenderedHttp {
  return asArgument(() => {
    const body = route.body === undefined ? undefined : JSON.stringify(renderTree(route.body, scope) ?? null)
    const headers = renderHeaders(route.headers, scope)
    if (body !== undefined) headers['content-type'] ??= 'application/json'
    headers['accept'] ??= route.stream?.format === 'sse' ? 'text/event-stream' : 'application/json, */*;q=0.5'
    return { url: renderUrl(route, base, scope), method: route.method, headers, body }
  })
}

/** Metadata and message of a unary call. Throws INVALID_ARGUMENT (metadata: field). */
export function renderGrpc(route: GrpcRoute, scope: JsonValue): { readonly metadata: Readonly<Record<string, string>>; readonly message: JsonValue } {
  return asArgument(() => ({ metadata: renderHeaders(route.metadata, scope), message: renderTree(route.request, scope) ?? {} }))
}

function renderUrl(route: HttpRoute, base: URL, scope: JsonValue): URL {
  const before = route.origin === undefined ? base.pathname.replace(/\/+$/, '') : ''
  const path = before + route.path.map((segment) => renderSegment(segment, scope)).join('/')
  const query = route.query.flatMap(([name, template]) => {
    const value = renderText(template, scope, encodeUriComponent)
    return value === undefined ? [] : `${encodeURIComponent(name)}=${value}`
  })
  const origin = route.origin ?? base.origin
  const url = new URL(origin + path + (query.length > 0 ? `?${query.join('&')}` : ''))
  // What was rendered is what is asked for: the URL parser found nothing to resolve in it.
  if (url.origin !== origin || url.pathname !== path) throw invalid('url', 'the URL does not stay what the mapping says')
  if (url.href.length > MAX_URL) throw invalid('url', `the URL would be longer than ${MAX_URL} characters`)
  return url
}

function renderSegment(segment: Template, scope: JsonValue): string {
  const text = renderText(segment, scope, encodeUriComponent) ?? ''
  const inserted = segment.find((piece) => typeof piece !== 'string')
  if (inserted === undefined) return text
  if (text === '' || /^(\.|%2e){1,2}$/i.test(text)) throw new TemplateError(inserted.pointer, `cannot stand in a path: ${JSON.stringify(text)}`)
  return text
}

function renderHeaders(templates: readonly (readonly [string, Template])[], scope: JsonValue): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, template] of templates) {
    const value = renderText(template, scope)
    if (value === undefined) continue
    if (value.length > MAX_HEADER || !/^[\t\x20-\x7e]*$/.test(value))
      throw invalid(name, `the value for ${name} is not one line of ASCII of at most ${MAX_HEADER} characters`)
    headers[name] = value
  }
  return headers
}

/** Also what encodeURIComponent leaves; a lone surrogate is no text. */
function encodeUriComponent(text: string): string {
  if (!text.isWellFormed()) throw invalid('url', 'the text for the URL is not Unicode')
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function asArgument<T>(render: () => T): T {
  try {
    return render()
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown
    throw new HansaError('INVALID_ARGUMENT', `what the service needs: ${thrown.message}`.slice(0, 300), { field: thrown.pointer })
  }
}

function invalid(field: string, why: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', why, { field })
}
