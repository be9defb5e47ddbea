import type { JsonObject } from '@bufbuild/protobuf'
import type { Hop } from '../schema/generated/hansa/v1/gateway_pb.ts'
import type { SendMessageResponse } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** An answer to a call. */
export interface Reply {
  /** The words of the answer. */
  readonly text: string
  /** Its facts: the members of its data parts. */
  readonly data: Readonly<JsonObject>
  /** All of it: a message or a task (A2A 1.0). */
  readonly response: SendMessageResponse
  /** Gateways passed and the agent's node, with their times. */
  readonly hops: readonly Hop[]
}
