import type { Message } from '@bufbuild/protobuf'
import type { AgentAdvert } from '../schema/generated/hansa/v1/gateway_pb.ts'
import type { Operation } from '../wire/operations.ts'

/** Who stands at a foreign door (HTTP now; gRPC and MQTT later), as far as the door could tell. */
export interface Principal {
  /** SPIFFE ID: the gateway's own for clients on the same machine, the certificate's for others. */
  readonly spiffeId: string
}

/** What a foreign door of the gateway calls; the AGw role implements it. */
export interface GatewayDoor {
  /** Throws RATE_LIMITED or TOO_MANY_CALLS before anything is decoded; call the result when the request has ended. */
  admit(principal: Principal, kind: 'call' | 'discovery'): () => void
  /** Sends one A2A operation to an agent; yields one response, or any number when the operation streams. `target` is a handle. */
  call(request: {
    readonly principal: Principal
    readonly target: string
    readonly operation: Operation
    readonly message: Message
    readonly extensions: readonly string[]
    readonly signal: AbortSignal
    readonly timeoutMs?: number
    readonly traceparent?: string
  }): AsyncIterable<Message>
  /** The agent's own card, exact bytes, from the gateway that it is attached to. */
  card(principal: Principal, target: string, signal: AbortSignal): Promise<Uint8Array>
  /** Agents this principal may reach, own and foreign. */
  reachable(principal: Principal): AgentAdvert[]
  /** True when the gateway takes calls. */
  ready(): boolean
}
