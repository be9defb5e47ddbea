import type { Message } from '@bufbuild/protobuf'
import type { Operation } from '../wire/operations.ts'

/** Speaks to one agent over the agent's own protocol (A2A JSON-RPC over HTTP, or a handler in this process). */
export interface AgentClient {
  /** One response for a unary operation, any number for a streaming one. Throws HansaError; aborting `signal` closes the stream to the agent. */
  invoke(
    operation: Operation,
    request: Message,
    options: { readonly signal: AbortSignal; readonly extensions: readonly string[]; readonly principal: string }
  ): AsyncIterable<Message>
  /** The agent's card, exact bytes (JSON). Throws AGENT_UNREACHABLE or INVALID_AGENT_RESPONSE. */
  card(signal: AbortSignal): Promise<Uint8Array>
  /** True when the agent answers now (the heartbeat carries it). Never throws. */
  probe(signal: AbortSignal): Promise<boolean>
}
