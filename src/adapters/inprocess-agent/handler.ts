import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Message, MessageSchema, PartSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** What one message comes with. */
export interface MessageContext {
  /** All text parts of the message, joined by line ends. */
  readonly text: string
  /** SPIFFE ID of who asks, as the network has verified it. */
  readonly principal: string
  /** The conversation (A2A contextId); the same for all messages of one. */
  readonly contextId: string
  /** The task that a streamed answer becomes. */
  readonly taskId: string
  /** URIs of A2A extensions asked for. */
  readonly extensions: readonly string[]
  /** W3C trace context of the caller, for calls that the agent makes itself. */
  readonly traceparent?: string
  readonly tracestate?: string
  /** Aborts when the task is canceled, or the caller goes away before it can know of a task. */
  readonly signal: AbortSignal
}

/** A piece of a streamed answer: text, another part, or a word on how it goes (which is no part of the answer). */
export type Chunk = string | MessageInitShape<typeof PartSchema> | { readonly progress: string }

/** An answer: words or a message at once, or pieces one after the other, which make a task with one artifact. */
export type Answer = string | MessageInitShape<typeof MessageSchema> | AsyncIterable<Chunk>

/** An agent: a function from a message to an answer. What it throws, but for HansaError, stays in this process; the caller sees a failed task. */
export type MessageHandler = (message: Message, context: MessageContext) => Answer | Promise<Answer>
