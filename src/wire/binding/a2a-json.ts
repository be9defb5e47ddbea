import { type DescMessage, fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import { checkResponse } from './required-fields.ts'
import type { Operation } from '../operations.ts'

/** Strict ProtoJSON: a field that we do not know would be lost on the way, so it is refused. Throws INVALID_ARGUMENT naming the field. */
export function requestFromJson(operation: Operation, json: JsonValue): Message {
  try {
    return fromJson(operation.request, json)
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', readable(cause), {}, cause)
  }
}

/** Throws INVALID_ARGUMENT for what JSON cannot say. */
export function requestToJson(operation: Operation, request: Message): JsonValue {
  return jsonOf(operation.request, request, 'INVALID_ARGUMENT')
}

/** An agent may be newer than we are: fields that we do not know are left out. Throws INVALID_AGENT_RESPONSE naming the field. */
export function responseFromJson(operation: Operation, json: JsonValue): Message {
  let response: Message
  try {
    // Agents write nothing as null, too.
    const nothing = json === null && operation.name === 'DeleteTaskPushNotificationConfig'
    response = fromJson(operation.response, nothing ? {} : json, { ignoreUnknownFields: true })
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', readable(cause), {}, cause)
  }
  checkResponse(response)
  return response
}

/** Throws INVALID_AGENT_RESPONSE for what JSON cannot say. */
export function responseToJson(operation: Operation, response: Message): JsonValue {
  const json = jsonOf(operation.response, response, 'INVALID_AGENT_RESPONSE')
  // ProtoJSON leaves out what is empty, but A2A requires these (specification 3.1.4).
  return operation.name === 'ListTasks' && typeof json === 'object' && !Array.isArray(json)
    ? { tasks: [], nextPageToken: '', pageSize: 0, totalSize: 0, ...json }
    : json
}

/** As ProtoJSON. Protobuf holds numbers and times that JSON has not (NaN, the year 10,000): for these it throws `code`. */
export function jsonOf(schema: DescMessage, message: Message, code: ErrorCode): JsonValue {
  try {
    return toJson(schema, message)
  } catch (cause) {
    throw new HansaError(code, `a ${schema.typeName} with a value that cannot be said in JSON: ${readable(cause)}`, {}, cause)
  }
}

/** The codec names message and field, but may quote the value at any length. */
function readable(cause: unknown): string {
  return (cause instanceof Error ? cause.message : 'not ProtoJSON').slice(0, 300)
}
