import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../../schema/errors.ts'
import { parseJson } from '../../format/detect.ts'
import { parseMediaType } from '../../format/media-type.ts'
import type { PartSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AnswerRule, ErrorRule, MappedError, StreamRule } from './mapping.ts'
import { at, renderText, renderTree, TemplateError } from './template.ts'

type PartInit = MessageInitShape<typeof PartSchema>

/** Longest words of a service's own in an error. */
const MAX_WORDS = 300

/** The parts of an answer of HTTP, by its content type. Throws INVALID_AGENT_RESPONSE. */
export function partsOfBody(rule: AnswerRule, contentType: string, body: Uint8Array): PartInit[] {
  const type = parseMediaType(contentType)
  if (rule.text !== undefined || rule.data !== undefined || isJson(type?.essence)) return body.length === 0 ? partsOf(rule, {}) : partsOf(rule, jsonOf(body))
  if (body.length === 0) return [textPart('')]
  if (type === undefined || type.essence.startsWith('text/')) return [textPart(utf8(body))]
  return [{ content: { case: 'raw', value: body }, mediaType: contentType.slice(0, 200) }]
}

/** The parts of an answer that is JSON. Throws INVALID_AGENT_RESPONSE. */
export function partsOf(rule: AnswerRule, value: JsonValue): PartInit[] {
  if (rule.text === undefined && rule.data === undefined) return typeof value === 'string' ? [textPart(value)] : [dataPart(value)]
  return readable(() => {
    const parts: PartInit[] = []
    const text = rule.text === undefined ? undefined : renderText(rule.text, value)
    if (text !== undefined) parts.push(textPart(text))
    const data = rule.data === undefined ? undefined : renderTree(rule.data, value)
    if (data !== undefined) parts.push(dataPart(data))
    return parts
  })
}

/** What one event of a streamed answer says, in order; undefined after the last. Throws INVALID_AGENT_RESPONSE. */
export function piecesOf(rule: StreamRule, event: string): (PartInit | { readonly progress: string })[] | undefined {
  if (rule.end !== undefined && event.trim() === rule.end) return undefined
  if (event.trim() === '') return []
  if (rule.text === undefined && rule.data === undefined && rule.progress === undefined && rule.format === 'sse' && !/^\s*[{[]/.test(event))
    return [textPart(event)]
  const value = jsonOf(new TextEncoder().encode(event))
  const progress = rule.progress === undefined ? undefined : readable(() => renderText(rule.progress ?? [], value))
  const pieces: (PartInit | { readonly progress: string })[] = progress === undefined ? [] : [{ progress }]
  if (rule.text === undefined && rule.data === undefined && rule.progress !== undefined) return pieces
  return [...pieces, ...partsOf(rule, value).filter((part) => part.content?.case !== 'text' || part.content.value !== '')]
}

/** What a service's refusal means to the caller: by the mapping's rules first (`keys` from the closest on), otherwise `usual`. */
export function refusal(
  rules: Readonly<Record<string, ErrorRule>>,
  keys: readonly string[],
  usual: MappedError,
  said: { readonly words: string; readonly body?: Uint8Array; readonly retryAfterMs?: number }
): HansaError {
  const rule = keys.map((key) => (Object.hasOwn(rules, key) ? rules[key] : undefined)).find((one) => one !== undefined)
  const own = rule?.message === undefined || said.body === undefined ? undefined : wordsAt(said.body, rule.message.pointer)
  const code = rule?.code ?? usual
  const metadata: Record<string, string | number> = { service: keys[0] ?? '' }
  if (code === 'RATE_LIMITED') metadata['retryAfterMs'] = said.retryAfterMs ?? 1_000
  return new HansaError(code, own === undefined ? said.words : `${said.words}: ${own}`, metadata)
}

function wordsAt(body: Uint8Array, pointer: readonly string[]): string | undefined {
  try {
    const value = at(parseJson(body), pointer)
    return typeof value === 'string' ? value.slice(0, MAX_WORDS).replace(/\p{Cc}/gu, ' ') : undefined
  } catch {
    return undefined
  }
}

function jsonOf(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(bytes)
  } catch (cause) {
    throw new HansaError(
      'INVALID_AGENT_RESPONSE',
      `the service answered with what is not JSON: ${cause instanceof Error ? cause.message.slice(0, 100) : ''}`,
      {},
      cause
    )
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the service answered with text that is not UTF-8', {}, cause)
  }
}

function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown
    throw new HansaError('INVALID_AGENT_RESPONSE', `in the answer of the service ${thrown.message}`.slice(0, 300), { field: thrown.pointer })
  }
}

function isJson(essence: string | undefined): boolean {
  return essence === 'application/json' || essence?.endsWith('+json') === true
}

function textPart(value: string): PartInit {
  return { content: { case: 'text', value } }
}

function dataPart(value: JsonValue): PartInit {
  return { content: { case: 'data', value: fromJson(ValueSchema, value) }, mediaType: 'application/json' }
}
