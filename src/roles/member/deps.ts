import type { Sha256 } from '../../core/crypto.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { Network } from '../../ports/network.ts'
import type { PubSub } from '../../ports/pubsub.ts'
import type { Records } from '../../ports/records.ts'
import type { Rpc } from '../../ports/rpc.ts'
import type { Signer } from '../../ports/signer.ts'
import type { MemberIdentities } from './member-identities.ts'
import type { Renewed } from './renewed.ts'

export interface MemberDeps {
  readonly clock: Clock
  readonly log: Log
  readonly rpc: Rpc
  readonly network: Network
  readonly pubsub: PubSub
  readonly signer: Signer
  readonly identities: MemberIdentities
  readonly records: Records
  readonly sha256: Sha256
  /** 0 up to 1: spreads renewals. */
  random(): number
  /** Writes a renewed chain to the home, leaf first. */
  onChain(chain: readonly Uint8Array[]): Promise<void>
  /** A second certificate of this node, for another key, that is kept fresh like the first: for TLS clients that do not know Ed25519. */
  readonly companion?: Omit<Renewed, 'what'>
  /** Roots of the own domain, where its authority is on this node. */
  readonly roots?: () => readonly Uint8Array[]
  readonly metrics?: Metrics
}
