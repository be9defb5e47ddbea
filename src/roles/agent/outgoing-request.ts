import { create, fromJson, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../schema/errors.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** What may be sent: words, words and facts, a message (its ID and role are filled in), or a whole request with its configuration. */
export type Outgoing =
  string | OutgoingContents | MessageInitShape<typeof a2a.MessageSchema> | { readonly request: MessageInitShape<typeof a2a.SendMessageRequestSchema> }

/** A message by what is in it. */
export interface OutgoingContents {
  /** Its words. */
  readonly text?: string
  /** Its members are facts. */
  readonly data?: JsonObject
}

/** The whole request of what is sent. Throws INVALID_ARGUMENT for a request without a message. */
export function outgoingRequest(message: Outgoing, newId: () => string): a2a.SendMessageRequest {
  const request = create(a2a.SendMessageRequestSchema, isRequest(message) ? message.request : { message: messageOf(message) })
  if (request.message === undefined) throw new HansaError('INVALID_ARGUMENT', 'a request without a message')
  if (request.message.messageId === '') request.message.messageId = newId()
  if (request.message.role === a2a.Role.UNSPECIFIED) request.message.role = a2a.Role.USER
  return request
}

function isRequest(message: Outgoing): message is { readonly request: MessageInitShape<typeof a2a.SendMessageRequestSchema> } {
  return typeof message === 'object' && 'request' in message
}

function messageOf(message: Exclude<Outgoing, { readonly request: unknown }>): MessageInitShape<typeof a2a.MessageSchema> {
  if (typeof message === 'string') return { parts: [{ content: { case: 'text', value: message } }] }
  if (!('text' in message) && !('data' in message)) return message as MessageInitShape<typeof a2a.MessageSchema>
  const { text, data } = message
  return {
    parts: [
      ...(text === undefined ? [] : [{ content: { case: 'text' as const, value: text } }]),
      ...(data === undefined ? [] : [{ content: { case: 'data' as const, value: fromJson(ValueSchema, data) }, mediaType: 'application/json' }])
    ]
  }
}
