import { create, isMessage, type Message } from '@bufbuild/protobuf'
import { HopSchema, type RelayHeader } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { SendMessageRequestSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { OperationName } from '../../../wire/operations.ts'
import type { SessionCall } from './session-call.ts'
import type { Sessions } from './sessions.ts'

/** Operations in which something is said. */
const SPEAKING: ReadonlySet<OperationName> = new Set(['SendMessage', 'SendStreamingMessage', 'SubscribeToTask', 'GetTask', 'CancelTask'])

export function isSpeaking(operation: OperationName): boolean {
  return SPEAKING.has(operation)
}

/** Begins to record a call that has come in for the agent of this node; undefined where nothing is recorded. */
export function recordIncoming(
  sessions: Sessions | undefined,
  operation: OperationName,
  request: Message,
  { path, translation }: RelayHeader,
  { principal, self }: { readonly principal: string; readonly self: string }
): SessionCall | undefined {
  if (sessions === undefined || !isSpeaking(operation)) return undefined
  const call = sessions.begin({
    asker: principal,
    answerer: self,
    own: false,
    // How long each took is told to the caller only.
    hops: path.map((gateway) => create(HopSchema, { gateway })),
    language: translation === undefined ? '' : translation.requestDone ? translation.to : translation.from
  })
  if (isMessage(request, SendMessageRequestSchema)) call?.asked(request.message)
  return call
}
