import type { JsonObject } from '@bufbuild/protobuf'
import { type Convert, inside, objectAt, translateFields, wordOf, wrong } from './fields.ts'

/**
 * A2A 0.3 had two writings of the same things: its own JSON schema in JSON-RPC (`kind`, lower-case words), and ProtoJSON of its own .proto in REST (which is what gRPC says, too). What differs
 * stands here; the rest is in `objects.ts`.
 */
export interface Dialect {
  /** Objects say what they are by `kind`. */
  readonly kinds: boolean
  /** Name of a message's list of parts. */
  readonly parts: 'parts' | 'content'
  /** Name of the push configuration in the configuration of a request. */
  readonly push: 'pushNotificationConfig' | 'pushNotification'
  readonly stateFrom: Convert
  readonly stateTo: Convert
  readonly roleFrom: Convert
  readonly roleTo: Convert
  readonly partFrom: Convert
  readonly partTo: Convert
  /** Whether a configuration without `blocking` waits: the agents of 0.3 did for JSON-RPC; in ProtoJSON absent is false. */
  readonly blocking: boolean
}

const STATES: Readonly<Record<string, string>> = {
  submitted: 'TASK_STATE_SUBMITTED',
  working: 'TASK_STATE_WORKING',
  'input-required': 'TASK_STATE_INPUT_REQUIRED',
  completed: 'TASK_STATE_COMPLETED',
  canceled: 'TASK_STATE_CANCELED',
  failed: 'TASK_STATE_FAILED',
  rejected: 'TASK_STATE_REJECTED',
  'auth-required': 'TASK_STATE_AUTH_REQUIRED',
  unknown: 'TASK_STATE_UNSPECIFIED'
}
const ROLES: Readonly<Record<string, string>> = { user: 'ROLE_USER', agent: 'ROLE_AGENT' }

/** The .proto of 0.3 spells one state with two Ls. */
const PROTO_STATES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(STATES).map((state) => [state === 'TASK_STATE_CANCELED' ? 'TASK_STATE_CANCELLED' : state, state])
)
const PROTO_ROLES: Readonly<Record<string, string>> = { ROLE_USER: 'ROLE_USER', ROLE_AGENT: 'ROLE_AGENT' }

/** Marks a data part whose value is not an object, which 0.3 could not say; the SDK of A2A uses the same mark. */
const WRAPPED = 'data_part_compat'

/** Structured data in 0.3 is an object: anything else travels as `{ value }`, marked. */
function wrapped(part: JsonObject): JsonObject {
  const { data = null, metadata } = part
  const plain = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : undefined
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return plain === undefined ? { data } : { data, metadata: plain }
  return { data: { value: data }, metadata: { ...plain, [WRAPPED]: true } }
}

function unwrapped(data: JsonObject, metadata: JsonObject | undefined): JsonObject {
  if (metadata?.[WRAPPED] !== true || !Object.hasOwn(data, 'value')) return metadata === undefined ? { data } : { data, metadata }
  const { [WRAPPED]: _mark, ...rest } = metadata
  return { data: data['value'] ?? null, ...(Object.keys(rest).length > 0 ? { metadata: rest } : {}) }
}

const FILE = { mimeType: ['mediaType'], mime_type: ['mediaType'], name: ['filename'] } as const

const jsonPartFrom: Convert = (value, place) => {
  const part = objectAt(value, place)
  const kind = part['kind']
  if (kind === 'text') return translateFields(part, place, { kind: undefined, text: ['text'], metadata: ['metadata'] })
  const { file, data, metadata } = translateFields(part, place, {
    kind: undefined,
    [kind === 'file' ? 'file' : 'data']: [kind === 'file' ? 'file' : 'data'],
    metadata: ['metadata']
  })
  const meta = metadata === undefined ? undefined : objectAt(metadata, inside(place, 'metadata'))
  if (kind === 'file') {
    const content = translateFields(file ?? null, inside(place, 'file'), { ...FILE, bytes: ['raw'], uri: ['url'] })
    return meta === undefined ? content : { ...content, metadata: meta }
  }
  if (kind === 'data') return unwrapped(objectAt(data, inside(place, 'data')), meta)
  throw wrong(place, 'is a part of a kind that is not known')
}

const jsonPartTo: Convert = (value, place) => {
  const part = objectAt(value, place)
  const { text, raw, url, data, metadata, filename, mediaType } = part
  const meta: JsonObject = metadata === undefined ? {} : { metadata }
  const file = { ...(mediaType === undefined ? {} : { mimeType: mediaType }), ...(filename === undefined ? {} : { name: filename }) }
  if (text !== undefined) return { kind: 'text', text, ...meta }
  if (raw !== undefined) return { kind: 'file', file: { bytes: raw, ...file }, ...meta }
  if (url !== undefined) return { kind: 'file', file: { uri: url, ...file }, ...meta }
  if (data !== undefined) return { kind: 'data', ...wrapped(part) }
  throw wrong(place, 'is a part without content')
}

const protoPartFrom: Convert = (value, place) => {
  const { text, file, data, metadata } = translateFields(value, place, { text: ['text'], file: ['file'], data: ['data'], metadata: ['metadata'] })
  const meta = metadata === undefined ? undefined : objectAt(metadata, inside(place, 'metadata'))
  const also: JsonObject = meta === undefined ? {} : { metadata: meta }
  if (text !== undefined) return { text, ...also }
  if (file !== undefined)
    return {
      ...translateFields(file, inside(place, 'file'), {
        ...FILE,
        fileWithBytes: ['raw'],
        file_with_bytes: ['raw'],
        fileWithUri: ['url'],
        file_with_uri: ['url']
      }),
      ...also
    }
  if (data === undefined) throw wrong(place, 'is a part without content')
  const inner = translateFields(data, inside(place, 'data'), { data: ['data'] })
  return unwrapped(objectAt(inner['data'] ?? {}, inside(place, 'data.data')), meta)
}

const protoPartTo: Convert = (value, place) => {
  const part = objectAt(value, place)
  const { text, raw, url, metadata, filename, mediaType } = part
  const meta: JsonObject = metadata === undefined ? {} : { metadata }
  const file = { ...(mediaType === undefined ? {} : { mimeType: mediaType }), ...(filename === undefined ? {} : { name: filename }) }
  if (text !== undefined) return { text, ...meta }
  if (raw !== undefined) return { file: { fileWithBytes: raw, ...file }, ...meta }
  if (url !== undefined) return { file: { fileWithUri: url, ...file }, ...meta }
  if (part['data'] === undefined) throw wrong(place, 'is a part without content')
  const { data = {}, ...marked } = wrapped(part)
  return { data: { data }, ...marked }
}

export const JSON_DIALECT: Dialect = {
  kinds: true,
  parts: 'parts',
  push: 'pushNotificationConfig',
  stateFrom: wordOf(STATES),
  stateTo: wordOf(reversed(STATES)),
  roleFrom: wordOf(ROLES),
  roleTo: wordOf(reversed(ROLES)),
  partFrom: jsonPartFrom,
  partTo: jsonPartTo,
  blocking: true
}

export const PROTO_DIALECT: Dialect = {
  kinds: false,
  parts: 'content',
  push: 'pushNotification',
  stateFrom: wordOf(PROTO_STATES),
  stateTo: wordOf(reversed(PROTO_STATES)),
  roleFrom: wordOf(PROTO_ROLES),
  roleTo: wordOf(PROTO_ROLES),
  partFrom: protoPartFrom,
  partTo: protoPartTo,
  blocking: false
}

function reversed(words: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).map(([key, value]) => [value, key]))
}
