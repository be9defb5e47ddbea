import type { JsonObject, JsonValue, MessageInitShape } from '@bufbuild/protobuf'
import type { Message, MessageSchema, PartSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** What one message comes with. */
export interface MessageContext {
  /** All text parts of the message, joined by line ends. */
  readonly text: string
  /** The members of its data parts that are objects, together; a later part wins. Facts come this way (extension urn:hansa:facts). */
  readonly data: Readonly<JsonObject>
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
  /** As `traceparent`. */
  readonly tracestate?: string
  /** Aborts when the task is canceled, or the caller goes away before it can know of a task. */
  readonly signal: AbortSignal
}

/** A file in an answer: its bytes, or where it is. */
export type AnswerFile = {
  /** Shown name. */
  readonly name?: string
  /** Such as image/png. */
  readonly mediaType?: string
} & ({ readonly bytes: Uint8Array } | { readonly url: string })

/** An answer by what is in it: words, data (an object's members are facts; undefined ones are left out), files; in this order, each a part. */
export interface Contents {
  /** Words. */
  readonly text?: string
  /** JSON. */
  readonly data?: JsonValue | { readonly [fact: string]: JsonValue | undefined }
  /** In this order. */
  readonly files?: readonly AnswerFile[]
}

/** A word on how it goes, which is no part of the answer. */
export interface Progress {
  readonly progress: string
}

/** A question to who asked: the task waits (A2A: input required), and the `yield` gives the Message that is sent for it. */
export interface Question {
  readonly ask: string
}

/** A piece of a streamed answer: text, contents, a part, a word on how it goes, or a question. */
export type Chunk = string | Contents | MessageInitShape<typeof PartSchema> | Progress | Question

/** An answer in pieces, which make a task with one artifact: what an async generator function makes. */
export type Pieces = AsyncIterable<Chunk, unknown, Message>

/** An answer: words, contents or a message at once, or pieces one after the other. */
export type Answer = string | Contents | MessageInitShape<typeof MessageSchema> | Pieces

/** An answer as the handler client takes it: also pieces of somebody who never asks, whose type says that a `yield` gives nothing. */
export type AnyAnswer = Answer | AsyncIterable<Chunk>

/** An agent: a function from a message to an answer. What it throws, but for HansaError, stays in this process; the caller sees a failed task. */
export type MessageHandler = (message: Message, context: MessageContext) => AnyAnswer | Promise<AnyAnswer>
