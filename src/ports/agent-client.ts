import type { Message } from '@bufbuild/protobuf'
import type { Operation } from '../wire/operations.ts'

/** What goes with a call to an agent, beside the request. */
export interface InvokeOptions {
  /** Aborting it closes the stream to the agent; it never cancels the task. */
  readonly signal: AbortSignal
  /** URIs of A2A extensions asked for. */
  readonly extensions: readonly string[]
  /** SPIFFE ID of who calls, as the network has verified it. */
  readonly principal: string
  /** W3C trace context of the caller, checked. */
  readonly traceparent?: string
  readonly tracestate?: string
}

/** Speaks to one agent over the agent's own protocol (over HTTP, gRPC, MQTT, or a handler in this process). */
export interface AgentClient {
  /** One response for a unary operation, any number for a streaming one. Throws HansaError. */
  invoke(operation: Operation, request: Message, options: InvokeOptions): AsyncIterable<Message>
  /** The agent's card, exact bytes (JSON). Throws AGENT_UNREACHABLE or INVALID_AGENT_RESPONSE. */
  card(signal: AbortSignal): Promise<Uint8Array>
  /** True when the agent answers now (the heartbeat carries it). Never throws. */
  probe(signal: AbortSignal): Promise<boolean>
  /** `listener` is called when the card has changed, where that is known before somebody reads it again. */
  onCardChange?(listener: () => void): void
  /** Ends what is kept open towards the agent, where something is. */
  close?(): Promise<void>
}

/** One interface of an agent's card (A2A 4.4.6): where and how it is called. */
export interface AgentFace {
  readonly url: URL
  /** `protocolBinding` of the card: JSONRPC, HTTP+JSON, GRPC, or a URI. */
  readonly binding: string
  /** Major and minor: 1.0 or 0.3. */
  readonly version: string
  /** Echoed in each request. */
  readonly tenant: string
}

/** Speaks one protocol to whatever agent has an interface of it; one per adapter room. Knows nothing of cards. */
export interface AgentTransport {
  /** True when it can call this interface. */
  speaks(face: AgentFace): boolean
  /** As AgentClient.invoke. Throws AGENT_UNREACHABLE when nothing answers at the address. */
  invoke(face: AgentFace, operation: Operation, request: Message, options: InvokeOptions): AsyncIterable<Message>
  /** Resolves when something answers at the address, whatever it says. Throws AGENT_UNREACHABLE. For agents whose card is a file. */
  knock(face: AgentFace, signal: AbortSignal): Promise<void>
  close?(): Promise<void>
}
