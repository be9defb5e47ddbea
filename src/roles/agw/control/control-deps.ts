import type { Sha256 } from '../../../core/crypto.ts'
import type { Role } from '../../../core/ids/role.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Identities } from '../../../ports/identity.ts'
import type { Log } from '../../../ports/log.ts'
import type { Metrics } from '../../../ports/metrics.ts'
import type { Network } from '../../../ports/network.ts'
import type { PubSub } from '../../../ports/pubsub.ts'
import type { Records } from '../../../ports/records.ts'
import type { Rpc } from '../../../ports/rpc.ts'
import type { Store } from '../../../ports/store.ts'
import type { NodeInfo, TrustBundle } from '../../../schema/generated/hansa/v1/trust_pb.ts'
import type { AgwConfig } from '../config.ts'

/** Nodes of the own domain (the member role knows them). */
export interface Members {
  /** This node, as others reach it. */
  self(): NodeInfo
  find(role: Role): NodeInfo[]
}

/** Lists a domain as the operator asks (the member role does it, and tells the domain's other nodes). */
export interface TrustLister {
  /** Throws CERTIFICATE_INVALID when a root is not one of that domain. */
  list(domain: string, roots: Uint8Array[]): Promise<void>
  /** Roots of the own domain as they are told to gateways of others. */
  bundle(): TrustBundle | undefined
  /** A gateway at `peer` says which bundle its domain has. That lists nothing; it makes the node ask for the signed one. Never throws. */
  heard(peer: string, said: TrustBundle | undefined): Promise<void>
}

export interface ControlDeps {
  readonly clock: Clock
  readonly log: Log
  readonly rpc: Rpc
  readonly network: Network
  readonly pubsub: PubSub
  readonly store: Store
  readonly records: Records
  readonly identities: Identities
  readonly members: Members
  readonly trust: TrustLister
  readonly sha256: Sha256
  readonly config: AgwConfig
  readonly metrics?: Metrics
}
