import { isMessage, type Message, type MessageInitShape } from '@bufbuild/protobuf'
import type { RelayHeaderSchema } from '../schema/generated/hansa/v1/gateway_pb.ts'
import { type Part, SendMessageRequestSchema, TaskPushNotificationConfigSchema } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { inboxOf } from './inbox-request.ts'
import { type LanguageHints, translationOf } from './translation-request.ts'

/** Bounds of gateway.proto: lists in the head of a call, and the length of each entry. */
const MAX_TYPES = 16
const MAX_TYPE = 256

/** What the head of a call says of its request, so that gateways on the way need not decode it. */
export type RequestFacts = Pick<MessageInitShape<typeof RelayHeaderSchema>, 'translation' | 'contentTypes' | 'accepts' | 'webhook' | 'inbox'>

/** Looks at a request once, where it enters the network. Throws INVALID_ARGUMENT for a request for translation, or to wait in an inbox, that is none. */
export function requestFacts(request: Message, hints: LanguageHints): RequestFacts {
  if (isMessage(request, SendMessageRequestSchema)) {
    const { message, configuration } = request
    return {
      translation: translationOf(message, hints),
      contentTypes: bounded((message?.parts ?? []).flatMap(structuredType)),
      accepts: bounded(configuration?.acceptedOutputModes ?? []),
      webhook: configuration?.taskPushNotificationConfig !== undefined,
      inbox: inboxOf(request)
    }
  }
  return { translation: translationOf(undefined, hints), webhook: isMessage(request, TaskPushNotificationConfigSchema), inbox: inboxOf(request) }
}

/** The media type of a part that is more than words; empty when it does not say. */
function structuredType({ content, mediaType }: Part): string[] {
  if (content.case === 'data') return [mediaType || 'application/json']
  return content.case === 'raw' ? [mediaType || 'application/octet-stream'] : []
}

function bounded(types: readonly string[]): string[] {
  return [...new Set(types.filter((type) => type.length <= MAX_TYPE))].slice(0, MAX_TYPES)
}
