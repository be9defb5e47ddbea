import type { Message } from '@bufbuild/protobuf'
import type { AgentAdvert } from '../schema/generated/hansa/v1/gateway_pb.ts'
import type { PeerIdentity } from './identity.ts'
import type { StreamResponse } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Operation } from '../wire/operations.ts'

/** Who stands at a foreign door (HTTP, gRPC, MQTT), as far as the door could tell. */
export interface Principal {
  /** SPIFFE ID: the gateway's own for clients on the same machine, the certificate's for others. */
  readonly spiffeId: string
}

/** What a connection shows of its client. */
export interface ClientFacts {
  /** Certificate shown in the TLS handshake, verified; the handshake has proved its key. */
  readonly identity?: PeerIdentity
  /** IP address of the other end of the socket. */
  readonly address?: string
}

/**
 * Who a client is. A certificate of a listed domain says it; without one a client on the gateway's own machine speaks as the gateway, where the settings
 * allow that. Throws UNAUTHENTICATED, OVERLOADED before the gateway has a certificate.
 */
export type Identify = (client: ClientFacts) => Principal

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
    /** W3C trace context, checked (wire/trace-context.ts). */
    readonly traceparent?: string
    readonly tracestate?: string
    /** First language of Accept-Language (BCP 47): the one that answers are wanted in. */
    readonly acceptLanguage?: string
    /** Content-Language: the one that the message is in. */
    readonly contentLanguage?: string
  }): AsyncIterable<Message>
  /** The agent's own card, exact bytes, from the gateway that it is attached to. */
  card(principal: Principal, target: string, signal: AbortSignal): Promise<Uint8Array>
  /**
   * An event that an agent attached here posts to the webhook which this gateway gave it in place of the client's (A2A push notification). Resolves when the
   * client's own webhook has taken it. Throws NOT_FOUND for a token that was not given out, INVALID_ARGUMENT, AGENT_UNREACHABLE.
   */
  notify(target: string, token: string, event: StreamResponse, options: { readonly signal: AbortSignal; readonly traceparent?: string }): Promise<void>
  /** Agents this principal may reach, own and foreign. */
  reachable(principal: Principal): AgentAdvert[]
  /** True when the gateway takes calls. */
  ready(): boolean
}
