import { type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../../schema/errors.ts'
import { type Message, MessageSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { InputRule, InputType, Mapping, Route } from './mapping.ts'
import { at } from './template.ts'

/** What the pointers of a request's templates may begin with. */
export const SCOPE_ROOTS = ['text', 'data', 'message', 'principal', 'contextId', 'taskId', 'inputs', 'secrets'] as const

/** Where a message may name the skill it is for; A2A itself has no place for that. */
const SKILL_PLACES = [
  ['message', 'metadata', 'urn:hansa:skill'],
  ['message', 'metadata', 'skillId'],
  ['data', 'skill']
]

export interface Called {
  readonly route: Route
  readonly scope: JsonObject
}

/**
 * What a message asks for: the route of its skill, and everything that templates may point into: /text (all text parts, joined by line ends), /data (the first
 * data part), /message (the whole, as ProtoJSON), /principal, /contextId, /taskId, /inputs, /secrets.
 * Throws INVALID_ARGUMENT (metadata: field) for an input that is missing or of another type, and where no skill fits.
 */
export function scopeOf(
  mapping: Mapping,
  message: Message,
  context: { readonly principal: string; readonly contextId: string; readonly taskId: string }
): Called {
  const text = message.parts.flatMap(({ content }) => (content.case === 'text' ? content.value : [])).join('\n')
  const data = message.parts.find(({ content }) => content.case === 'data')?.content
  const scope: JsonObject = {
    text,
    ...(data?.case === 'data' ? { data: toJson(ValueSchema, data.value) } : {}),
    message: toJson(MessageSchema, message),
    principal: context.principal,
    contextId: context.contextId,
    taskId: context.taskId
  }
  const route = routeOf(mapping, scope, text)
  return { route, scope: { ...scope, inputs: inputsOf(mapping, route, scope, text), secrets: { ...mapping.secrets } } }
}

function routeOf({ skills, otherwise }: Mapping, scope: JsonObject, text: string): Route {
  const named = SKILL_PLACES.map((place) => at(scope, place)).find((value) => typeof value === 'string')
  const chosen = skills.find(({ id }) => id === named) ?? skills.find(({ match }) => match?.exec(text) !== undefined)
  const route = chosen?.route ?? otherwise
  if (route !== undefined) return route
  const ids = skills
    .map(({ id }) => id)
    .join(', ')
    .slice(0, 300)
  throw new HansaError('INVALID_ARGUMENT', `no skill fits this message; name one in message.metadata.skillId: ${ids}`, { field: 'message.metadata.skillId' })
}

function inputsOf({ inputs, patterns }: Mapping, route: Route, scope: JsonObject, text: string): JsonObject {
  let groups: Readonly<Record<string, string>> = {}
  for (const pattern of patterns) {
    const found = pattern.exec(text)
    if (found === undefined) continue
    groups = found
    break
  }
  return Object.fromEntries(
    inputs
      .filter(({ name }) => route.inputs.has(name))
      .flatMap((rule) => {
        const value = inputOf(rule, scope, groups)
        return value === undefined ? [] : [[rule.name, value]]
      })
  )
}

function inputOf({ name, from, type, required, initial }: InputRule, scope: JsonObject, groups: Readonly<Record<string, string>>): JsonValue | undefined {
  // null says that there is none, as in most of JSON.
  const pointed = from.map(({ pointer }) => at(scope, pointer)).find((value) => value !== undefined && value !== null)
  const given = pointed ?? (Object.hasOwn(groups, name) ? groups[name]?.trim() : undefined)
  if (given === undefined) {
    if (initial !== undefined || !required) return initial
    throw new HansaError('INVALID_ARGUMENT', `${name} is missing: say it in a data part or in the text`, { field: name })
  }
  const value = typed(given, type)
  if (value === undefined) throw new HansaError('INVALID_ARGUMENT', `${name} should be ${WORDS[type]}`, { field: name })
  return value
}

const WORDS: Readonly<Record<InputType, string>> = { any: 'anything', text: 'a text', integer: 'a whole number', number: 'a number', boolean: 'true or false' }

/** The value as its type says; texts of numbers are numbers, since people write texts. Undefined when it is none. */
function typed(given: JsonValue, type: InputType): JsonValue | undefined {
  switch (type) {
    case 'any':
      return given
    case 'text':
      return typeof given === 'string' || typeof given === 'number' ? String(given) : undefined
    case 'boolean':
      return typeof given === 'boolean' ? given : given === 'true' ? true : given === 'false' ? false : undefined
    case 'integer':
    case 'number': {
      const value = typeof given === 'string' && /^[+-]?\d{1,20}(\.\d{1,20})?$/.test(given) ? Number(given) : given
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
      return type === 'number' || Number.isSafeInteger(value) ? value : undefined
    }
  }
}
