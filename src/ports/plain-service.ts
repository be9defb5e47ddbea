import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Message, PartSchema } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** What goes with a message to a plain service. */
export interface PlainContext {
  /** SPIFFE ID of who asks, as the network has verified it. */
  readonly principal: string
  readonly contextId: string
  readonly taskId: string
  /** W3C trace context of the caller, checked. */
  readonly traceparent?: string
  readonly tracestate?: string
  /** Aborts when the task is canceled or nobody waits any more; the request to the service ends with it. */
  readonly signal: AbortSignal
}

export type PlainPart = MessageInitShape<typeof PartSchema>

/** Parts at once, or piece by piece, with words on how it goes between them. */
export type PlainAnswer = { readonly parts: PlainPart[] } | AsyncIterable<PlainPart | { readonly progress: string }>

/** A service that knows nothing of agents, behind a mapping. */
export interface PlainService {
  /** Throws what the mapping says of the service's refusal, INVALID_ARGUMENT (metadata: field), AGENT_UNREACHABLE, DEADLINE_EXCEEDED, INVALID_AGENT_RESPONSE. */
  answer(message: Message, context: PlainContext): Promise<PlainAnswer>
  /** Resolves when the service is well. Throws AGENT_UNREACHABLE. */
  knock(signal: AbortSignal): Promise<void>
  close?(): Promise<void>
}
