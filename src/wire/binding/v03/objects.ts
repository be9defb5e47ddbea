import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { Dialect } from './dialect.ts'
import { type Convert, type Fields, inside, listOf, objectAt, type Place, translateFields, wrong } from './fields.ts'

const SAME = (...names: readonly string[]): Fields => Object.fromEntries(names.map((name) => [name, [name]]))

/** States after which 0.3 calls an event the last one of its stream. */
const LAST: ReadonlySet<string> = new Set([
  'TASK_STATE_COMPLETED',
  'TASK_STATE_CANCELED',
  'TASK_STATE_FAILED',
  'TASK_STATE_REJECTED',
  'TASK_STATE_INPUT_REQUIRED'
])

/** Messages, tasks and events of A2A 0.3 as ProtoJSON of 1.0, and back. Nothing is invented: what is absent stays absent. */
export interface Objects {
  readonly messageFrom: Convert
  readonly messageTo: Convert
  readonly taskFrom: Convert
  readonly taskTo: Convert
  readonly pushFrom: Convert
  readonly pushTo: Convert
  readonly configurationFrom: Convert
  readonly configurationTo: Convert
  /** StreamResponse, and SendMessageResponse, which is a part of it. */
  readonly responseFrom: (value: JsonValue, place: Place) => JsonObject
  readonly responseTo: (value: JsonValue, place: Place) => JsonObject
}

export function objectsOf(dialect: Dialect): Objects {
  const kind = (name: string): JsonObject => (dialect.kinds ? { kind: name } : {})
  const own: Fields = { kind: undefined }

  const messageFields = SAME('messageId', 'contextId', 'taskId', 'metadata', 'extensions', 'referenceTaskIds')
  const messageFrom: Convert = (value, place) =>
    translateFields(value, place, { ...own, ...messageFields, role: ['role', dialect.roleFrom], [dialect.parts]: ['parts', listOf(dialect.partFrom)] })
  const messageTo: Convert = (value, place) => ({
    ...kind('message'),
    // 0.3 requires both, and ProtoJSON leaves out what is empty or not specified.
    [dialect.parts]: [],
    role: dialect.roleTo('ROLE_AGENT', place) ?? '',
    ...translateFields(value, place, { ...messageFields, role: ['role', dialect.roleTo], parts: [dialect.parts, listOf(dialect.partTo)] })
  })

  const artifactFields = SAME('artifactId', 'name', 'description', 'metadata', 'extensions')
  const artifactFrom: Convert = (value, place) => translateFields(value, place, { ...artifactFields, parts: ['parts', listOf(dialect.partFrom)] })
  const artifactTo: Convert = (value, place) => ({
    parts: [],
    ...translateFields(value, place, { ...artifactFields, parts: ['parts', listOf(dialect.partTo)] })
  })

  const statusFrom: Convert = (value, place) =>
    translateFields(value, place, {
      state: ['state', dialect.stateFrom],
      message: ['message', messageFrom],
      update: ['message', messageFrom],
      timestamp: ['timestamp']
    })
  const statusTo: Convert = (value, place) => ({
    // 0.3 requires it, and ProtoJSON leaves out what is not specified.
    state: dialect.stateTo('TASK_STATE_UNSPECIFIED', place) ?? '',
    ...translateFields(value, place, { state: ['state', dialect.stateTo], message: ['message', messageTo], timestamp: ['timestamp'] })
  })

  const taskFields = SAME('id', 'contextId', 'metadata')
  const taskFrom: Convert = (value, place) =>
    translateFields(value, place, {
      ...own,
      ...taskFields,
      status: ['status', statusFrom],
      artifacts: ['artifacts', listOf(artifactFrom)],
      history: ['history', listOf(messageFrom)]
    })
  const taskTo: Convert = (value, place) => ({
    ...kind('task'),
    contextId: '',
    status: statusTo({}, place) ?? {},
    ...translateFields(value, place, {
      ...taskFields,
      status: ['status', statusTo],
      artifacts: ['artifacts', listOf(artifactTo)],
      history: ['history', listOf(messageTo)]
    })
  })

  const eventFields = SAME('taskId', 'contextId', 'metadata')
  const statusEventFrom: Convert = (value, place) => translateFields(value, place, { ...own, final: undefined, ...eventFields, status: ['status', statusFrom] })
  const statusEventTo: Convert = (value, place) => ({
    ...kind('status-update'),
    contextId: '',
    status: statusTo({}, place) ?? {},
    final: isLast(value),
    ...translateFields(value, place, { ...eventFields, status: ['status', statusTo] })
  })
  const artifactEventFields: Fields = { ...eventFields, ...SAME('append', 'lastChunk') }
  const artifactEventFrom: Convert = (value, place) => translateFields(value, place, { ...own, ...artifactEventFields, artifact: ['artifact', artifactFrom] })
  const artifactEventTo: Convert = (value, place) => ({
    ...kind('artifact-update'),
    contextId: '',
    ...translateFields(value, place, { ...artifactEventFields, artifact: ['artifact', artifactTo] })
  })

  const authenticationFrom: Convert = (value, place) => translateFields(value, place, { schemes: ['scheme', firstScheme], credentials: ['credentials'] })
  const authenticationTo: Convert = (value, place) => ({
    schemes: [],
    ...translateFields(value, place, { scheme: ['schemes', (scheme) => [scheme]], credentials: ['credentials'] })
  })
  const pushFields = SAME('id', 'url', 'token')
  const pushFrom: Convert = (value, place) => translateFields(value, place, { ...pushFields, authentication: ['authentication', authenticationFrom] })
  const pushTo: Convert = (value, place) =>
    translateFields(value, place, { ...pushFields, taskId: undefined, tenant: undefined, authentication: ['authentication', authenticationTo] })

  const configurationFrom: Convert = (value, place) => {
    const { blocking, ...rest } = translateFields(value, place, {
      ...SAME('acceptedOutputModes', 'historyLength', 'blocking'),
      [dialect.push]: ['taskPushNotificationConfig', pushFrom]
    })
    if (blocking !== undefined && typeof blocking !== 'boolean') throw wrong(inside(place, 'blocking'), 'must be true or false')
    // A number that says nothing in ProtoJSON of 0.3, where it is not optional.
    if (!dialect.kinds && rest['historyLength'] === 0) delete rest['historyLength']
    return { ...rest, returnImmediately: !(blocking ?? dialect.blocking) }
  }
  const configurationTo: Convert = (value, place) => {
    const { returnImmediately, ...rest } = translateFields(value, place, {
      ...SAME('acceptedOutputModes', 'historyLength', 'returnImmediately'),
      taskPushNotificationConfig: [dialect.push, pushTo]
    })
    return { ...rest, blocking: returnImmediately !== true }
  }

  const kinds: readonly (readonly [kind: string, field: string, from: Convert, to: Convert])[] = [
    ['message', 'message', messageFrom, messageTo],
    ['task', 'task', taskFrom, taskTo],
    ['status-update', 'statusUpdate', statusEventFrom, statusEventTo],
    ['artifact-update', 'artifactUpdate', artifactEventFrom, artifactEventTo]
  ]

  return {
    ...{ messageFrom, messageTo, taskFrom, taskTo, pushFrom, pushTo, configurationFrom, configurationTo },
    responseFrom(value, place) {
      const object = objectAt(value, place)
      const found = kinds.find(([name, field]) => (dialect.kinds ? object['kind'] === name : Object.hasOwn(object, field)))
      if (found === undefined) throw wrong(place, 'is neither a message nor a task nor an event')
      const [, field, from] = found
      return { [field]: from(dialect.kinds ? object : (object[field] ?? null), place) ?? {} }
    },
    responseTo(value, place) {
      const object = objectAt(value, place)
      const found = kinds.find(([, field]) => Object.hasOwn(object, field))
      if (found === undefined) throw wrong(place, 'is neither a message nor a task nor an event')
      const [, field, , to] = found
      const written = objectAt(to(object[field] ?? null, place), place)
      return dialect.kinds ? written : { [field]: written }
    }
  }
}

function isLast(event: JsonValue): boolean {
  const status = typeof event === 'object' && event !== null && !Array.isArray(event) ? event['status'] : undefined
  const state = typeof status === 'object' && status !== null && !Array.isArray(status) ? status['state'] : undefined
  return typeof state === 'string' && LAST.has(state)
}

/** 1.0 has one scheme where 0.3 had a list; more than one cannot be said. */
const firstScheme: Convert = (value, place) => {
  if (!Array.isArray(value)) throw wrong(place, 'must be a list')
  if (value.length > 1 && place.of === 'request') throw wrong(place, 'names more than one scheme, which A2A 1.0 cannot say')
  return value[0]
}
