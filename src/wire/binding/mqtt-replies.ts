import { create, isMessage, type JsonValue, type Message } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type Operation, operations } from '../operations.ts'
import { isSettled } from '../task-states.ts'
import { responseFromJson } from './a2a-json.ts'
import { isShallow } from './json-depth.ts'
import { parseMqttError } from './mqtt-error.ts'

/** User property of an empty message that ends a stream which no status ends. Requesters of the profile pass over empty messages. */
export const STREAM_END = 'a2a-stream-end'

const MAX_DEPTH = 128

/** True when nothing follows: a message, or a status that is terminal or interrupted ("Streaming Reply Mapping"). */
export function endsStream(event: Message): boolean {
  if (!isMessage(event, a2a.StreamResponseSchema)) return false
  const { payload } = event
  if (payload.case === 'message') return true
  return (payload.case === 'statusUpdate' || payload.case === 'task') && isSettled(payload.value.status?.state)
}

/**
 * One reply of an agent. Agents of the profile answer a plain SendMessage with events too, so that is read as an event. Throws the agent's own error, or
 * INVALID_AGENT_RESPONSE.
 */
export function parseReply(operation: Operation, payload: Uint8Array): Message {
  if (!isShallow(payload, MAX_DEPTH)) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent's reply nests more than ${MAX_DEPTH} levels`)
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent replied with something that is not JSON in UTF-8')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent replied without a JSON-RPC object')
  const { result, error } = json as Readonly<Record<string, unknown>>
  if (error !== undefined && error !== null) throw parseMqttError(error)
  if (result === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent replied with neither result nor error')
  return responseFromJson(operation.name === 'SendMessage' ? operations.SendStreamingMessage : operation, result as JsonValue)
}

/** Makes the one response of SendMessage of what an agent replies. */
export interface ReplyCollector {
  /** The response, once it is whole. Throws INVALID_AGENT_RESPONSE above the bound. */
  add(event: Message): Message | undefined
}

const MAX_EVENTS = 10_000

export function collectReply(): ReplyCollector {
  let task: a2a.Task | undefined
  let events = 0
  return {
    add(event) {
      if (!isMessage(event, a2a.StreamResponseSchema)) return event
      if (++events > MAX_EVENTS) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent replied to SendMessage with more than ${MAX_EVENTS} events`)
      const { payload } = event
      // A whole task or message is the answer, as over HTTP.
      if (payload.case === 'message' || payload.case === 'task') return create(a2a.SendMessageResponseSchema, { payload })
      if (payload.case === 'artifactUpdate') {
        const { taskId, contextId, artifact, append } = payload.value
        task ??= create(a2a.TaskSchema, { id: taskId, contextId })
        if (artifact === undefined) return undefined
        const known = task.artifacts.find(({ artifactId }) => artifactId === artifact.artifactId)
        if (known !== undefined && append) known.parts.push(...artifact.parts)
        else if (known !== undefined) task.artifacts[task.artifacts.indexOf(known)] = artifact
        else task.artifacts.push(artifact)
      } else if (payload.case === 'statusUpdate') {
        const { taskId, contextId, status } = payload.value
        task ??= create(a2a.TaskSchema, { id: taskId, contextId })
        task.status = status
        if (endsStream(event)) return create(a2a.SendMessageResponseSchema, { payload: { case: 'task', value: task } })
      }
      return undefined
    }
  }
}
