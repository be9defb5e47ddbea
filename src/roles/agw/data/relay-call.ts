import type { KnownTask } from '../../../core/access/task-owners.ts'
import type { AgentId } from '../../../core/ids/agent-id.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import type { SignedRecord } from '../../../schema/generated/hansa/v1/call_pb.ts'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AppliedTranslation, HopSchema, RelayHeader, Translation } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { Operation } from '../../../wire/operations.ts'
import type { NextHop } from '../routing-view.ts'
import type { Held } from './inbox/held.ts'
import type { Incoming } from './incoming.ts'

/**
 * How a call came in: from a member of the own domain, from another gateway, through a foreign door that has
 * named and admitted its client, or out of this gateway's own inbox, where it has waited.
 */
export type Entry =
  | { readonly kind: 'member'; readonly caller: PeerIdentity }
  | { readonly kind: 'gateway'; readonly caller: PeerIdentity }
  | { readonly kind: 'door'; readonly principal: string }
  | { readonly kind: 'inbox'; readonly principal: string }

/** One call on its way through the pipeline. What is not readonly is filled in by the stage named. */
export interface RelayCall {
  readonly entry: Entry
  /** The caller's side; stages put their own work in front of it. */
  incoming: Incoming
  /** Monotonic time at which it came in. */
  readonly started: number
  readonly self: PeerIdentity
  /** As received; nothing in it is believed before `authenticate` has passed. */
  readonly header: RelayHeader
  readonly target: AgentId
  readonly operation: Operation
  /** Undone in any case when the call has ended. */
  readonly onEnd: (() => void)[]
  /** authenticate: SPIFFE ID of who is behind the call. */
  principal: string
  /** authenticate: unique per first gateway. */
  callId: string
  /** authenticate: the first gateway's word for `principal`; absent when this is the first gateway. */
  origin: SignedRecord | undefined
  /** resolve: gateways passed, this one included. */
  path: readonly string[]
  /** resolve: what is left for the next gateway. */
  hopLimit: number
  /** resolve */
  next: NextHop | undefined
  /** resolve: what this gateway's inbox does with it, instead of or after `forward`. */
  held: Held | undefined
  /** forward: what is known of the task that the request is about. */
  task: KnownTask | undefined
  /** translate: what is left of the request for translation for the gateways behind. */
  translation: Translation | undefined
  /** translate: what was done here; forward: and behind. */
  readonly translated: AppliedTranslation[]
  /** forward: this gateway and the nodes behind it, with their times. */
  readonly hops: MessageInitShape<typeof HopSchema>[]
}

/** One step that every call takes; throws HansaError to refuse. */
export interface Stage {
  readonly name: string
  run(call: RelayCall): void | Promise<void>
}
