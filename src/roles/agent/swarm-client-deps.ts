import type { Clock } from '../../ports/clock.ts'
import type { Identities } from '../../ports/identity.ts'
import type { Records } from '../../ports/records.ts'
import type { Rpc } from '../../ports/rpc.ts'
import type { Members } from './candidates.ts'

export interface SwarmClientDeps {
  readonly rpc: Rpc
  readonly identities: Identities
  readonly records: Records
  readonly members: Members
  readonly clock: Clock
  readonly config?: { readonly intraDomain?: 'direct' | 'gateway' }
  /** PeerId of the gateway that this node's agent is attached to, asked before the others. */
  readonly attachedGateway?: () => string | undefined
  /** Identifiers for messages that come without one; random UUIDs. */
  readonly newId?: () => string
}

/** How a question is asked. */
export interface QuerySettings {
  /** Aborting it ends the call, on every hop. */
  readonly signal?: AbortSignal
  /** Milliseconds; the method's default otherwise (calls: 5 minutes, for an agent may take its time). */
  readonly timeoutMs?: number
  /** W3C trace context that the call belongs to. */
  readonly traceparent?: string
}

/** How an agent is called. */
export interface CallSettings extends QuerySettings {
  /** URIs of A2A extensions asked for. */
  readonly extensions?: readonly string[]
  /** Goes with `traceparent`. */
  readonly tracestate?: string
  /** What to translate on the way, by gateways (draft 3.3.2). Instead of it, the message may carry metadata["urn:hansa:translate"]. */
  readonly translate?: {
    /** BCP 47. A language of the agent: the message is put into it. Another: the caller's own, for answers. */
    readonly to: string
    /** Language of the message; found out otherwise. */
    readonly from?: string
    /** Language of the answers where it is neither. */
    readonly reply?: string
    /** Where nobody translates: fail with TRANSLATION_UNAVAILABLE (the default), or pass the original on with a mark. */
    readonly onMissing?: 'fail' | 'pass'
  }
}
