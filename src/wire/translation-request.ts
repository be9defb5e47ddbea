import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { isLanguage } from '../core/ids/language-tag.ts'
import { HansaError } from '../schema/errors.ts'
import { type Translation, TranslationSchema } from '../schema/generated/hansa/v1/gateway_pb.ts'
import type { Message } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** Metadata of a message: what its sender wants translated (draft 3.3.2), `{ to, from?, reply?, onMissing? }`. */
export const TRANSLATE = 'urn:hansa:translate'

/** Metadata of a part that was translated: `{ engine, from, to, score?, original? }`. */
export const TRANSLATED = 'urn:hansa:translated'

/** Metadata of a message or a part: the language that it is in. */
export const LANGUAGE = 'urn:hansa:language'

/** What the door was told beside the message. */
export interface LanguageHints {
  /** First language of Accept-Language. */
  readonly acceptLanguage?: string
  /** Content-Language. */
  readonly contentLanguage?: string
}

/**
 * The request for translation that a message carries, or that its headers amount to: `Accept-Language: L` says that answers are wanted in L. Undefined when
 * nobody asked. Throws INVALID_ARGUMENT naming the field.
 */
export function translationOf(message: Message | undefined, hints: LanguageHints): Translation | undefined {
  const asked = message?.metadata?.[TRANSLATE]
  const from = tag(hints.contentLanguage)
  if (asked !== undefined) return translationFrom(asked, from)
  const accepted = tag(hints.acceptLanguage)
  return accepted === undefined ? undefined : create(TranslationSchema, { from: from ?? '', to: accepted, reply: accepted, pass: true })
}

/** The language that a message or part says it is in. */
export function declaredLanguage(metadata: JsonObject | undefined): string | undefined {
  return tag(metadata?.[LANGUAGE])
}

/** The request itself, from what stands under TRANSLATE; members that are undefined are not there. Throws INVALID_ARGUMENT naming the field. */
export function translationFrom(asked: JsonValue | Readonly<Record<string, JsonValue | undefined>>, contentLanguage?: string): Translation {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw wrong('', 'an object such as { "to": "en" }')
  const { to, from, reply, onMissing = 'fail', ...rest } = asked as Readonly<Record<string, JsonValue | undefined>>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(`.${unknown.slice(0, 40)}`, 'no such member')
  if (onMissing !== 'fail' && onMissing !== 'pass') throw wrong('.onMissing', '"fail" or "pass"')
  return create(TranslationSchema, {
    to: need(to, '.to'),
    from: from === undefined ? (contentLanguage ?? '') : need(from, '.from'),
    reply: reply === undefined ? '' : need(reply, '.reply'),
    pass: onMissing === 'pass'
  })
}

function need(value: JsonValue | undefined, field: string): string {
  const language = tag(value)
  if (language === undefined) throw wrong(field, 'a BCP 47 tag such as en or zh-Hans')
  return language
}

function tag(value: unknown): string | undefined {
  return typeof value === 'string' && isLanguage(value) ? value : undefined
}

function wrong(field: string, wanted: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', `metadata["${TRANSLATE}"]${field}: ${wanted} is wanted`, { field: `message.metadata["${TRANSLATE}"]${field}` })
}
