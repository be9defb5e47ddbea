import { create, enumToJson, fromJson, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { HansaNode } from '../../node/hansa-node.ts'
import { HansaError } from '../../schema/errors.ts'
import type { AppliedTranslation, Hop } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import {
  CancelTaskRequestSchema,
  GetTaskRequestSchema,
  type MessageSchema,
  type Part,
  type PartSchema,
  type SendMessageResponse,
  SendMessageResponseSchema,
  type StreamResponse,
  StreamResponseSchema,
  TaskSchema,
  TaskState,
  TaskStateSchema
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { AdminRequest, NodeOperations } from '../operations.ts'
import type { CallEvent } from '../types.ts'

/** Sends a message for the operator and tells what comes back (draft 3.4.4). */
export function callOperations(node: HansaNode): Pick<NodeOperations, 'call' | 'card' | 'cancelCall' | 'receipt'> {
  return {
    async card({ agent }, signal) {
      const bytes = await node.swarm.card(agent, { signal })
      try {
        return { agent, card: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonValue }
      } catch (cause) {
        throw new HansaError('INVALID_AGENT_RESPONSE', `the card of ${agent} is not JSON`, {}, cause)
      }
    },
    async cancelCall({ agent, task }, signal) {
      const canceled = await node.swarm.invoke(agent, 'CancelTask', TaskSchema, create(CancelTaskRequestSchema, { id: task }), { signal })
      return { agent, task, state: stateOf(canceled.status?.state).state ?? '' }
    },
    async *call(request, signal): AsyncGenerator<CallEvent, void, undefined> {
      const { agent, stream, timeoutMs, toLanguage: to, onMissing, inbox } = request
      const begun = node.clock.monotonic()
      const options = {
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(to === undefined ? {} : { translate: { to, onMissing } }),
        ...(inbox === undefined ? {} : { inbox })
      }
      const message = messageOf(request)
      let hops: readonly Hop[]
      let encrypted: boolean
      let translations: readonly AppliedTranslation[]
      if (stream) {
        const responses = node.swarm.stream(agent, message, options)
        for await (const response of responses)
          yield {
            kind: 'response',
            ...shown(response),
            response: toJson(StreamResponseSchema, response),
            ...(responses.receipt && { receipt: responses.receipt })
          }
        hops = responses.hops
        encrypted = responses.direct
        translations = responses.translations
      } else {
        const sent = await node.swarm.send(agent, message, options)
        yield {
          kind: 'response',
          ...shown(sent.response),
          response: toJson(SendMessageResponseSchema, sent.response),
          ...(sent.receipt && { receipt: sent.receipt })
        }
        hops = sent.hops
        encrypted = sent.direct
        translations = sent.translations
      }
      const ms = node.clock.monotonic() - begun
      const told = translations.map(({ gateway, from, to, engine, reply }) => ({ gateway, from, to, engine, reply }))
      // Gateways see what they pass on, so only a direct call is hidden from all.
      yield {
        kind: 'end',
        agent,
        ms,
        hops: hops.map(({ gateway, ms: at }) => ({ gateway, ms: at })),
        encrypted,
        translated: told.length > 0,
        translations: told
      }
    },
    async receipt({ agent, id, cancel }, signal) {
      const request = cancel ? create(CancelTaskRequestSchema, { id }) : create(GetTaskRequestSchema, { id })
      const task = await node.swarm.invoke(agent, cancel ? 'CancelTask' : 'GetTask', TaskSchema, request, { signal })
      const { text, state = 'TASK_STATE_UNSPECIFIED' } = shown(create(SendMessageResponseSchema, { payload: { case: 'task', value: task } }))
      return { text, state, task: toJson(TaskSchema, task) }
    }
  }
}

type Content = MessageInitShape<typeof PartSchema>

function messageOf({ text, data, files, session }: AdminRequest<'call'>): MessageInitShape<typeof MessageSchema> {
  const words: Content[] = text === undefined ? [] : [{ content: { case: 'text', value: text } }]
  const value: Content[] = data === undefined ? [] : [{ content: { case: 'data', value: fromJson(ValueSchema, data) }, mediaType: 'application/json' }]
  const attached = files.map(({ name, mediaType, base64 }): Content => ({
    content: { case: 'raw', value: new Uint8Array(Buffer.from(base64, 'base64')) },
    filename: name,
    mediaType
  }))
  return { parts: [...words, ...value, ...attached], ...(session === undefined ? {} : { contextId: session }) }
}

/** The words of a response and the state of its task. */
function shown({ payload }: SendMessageResponse | StreamResponse): { text: string; state?: string } {
  switch (payload.case) {
    case 'message':
      return { text: textOf(payload.value.parts) }
    case 'task': {
      const { status, artifacts } = payload.value
      const words = [...artifacts.map(({ parts }) => textOf(parts)), textOf(status?.message?.parts ?? [])]
      return { text: words.filter((each) => each !== '').join('\n'), ...stateOf(status?.state) }
    }
    case 'statusUpdate':
      return { text: textOf(payload.value.status?.message?.parts ?? []), ...stateOf(payload.value.status?.state) }
    case 'artifactUpdate':
      return { text: textOf(payload.value.artifact?.parts ?? []) }
    case undefined:
      return { text: '' }
  }
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap(({ content }) => (content.case === 'text' ? [content.value] : [])).join('\n')
}

function stateOf(state: TaskState | undefined): { state?: string } {
  return state === undefined || state === TaskState.UNSPECIFIED ? {} : { state: String(enumToJson(TaskStateSchema, state) ?? '') }
}
