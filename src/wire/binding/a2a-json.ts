import { fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
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

export function requestToJson(operation: Operation, request: Message): JsonValue {
  return toJson(operation.request, request)
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

export function responseToJson(operation: Operation, response: Message): JsonValue {
  const json = toJson(operation.response, response)
  // ProtoJSON leaves out what is empty, but A2A requires these (specification 3.1.4).
  return operation.name === 'ListTasks' && typeof json === 'object' && !Array.isArray(json)
    ? { tasks: [], nextPageToken: '', pageSize: 0, totalSize: 0, ...json }
    : json
}

/** The codec names message and field, but may quote the value at any length. */
function readable(cause: unknown): string {
  return (cause instanceof Error ? cause.message : 'not ProtoJSON').slice(0, 300)
}
