import type { Digest, Sha256, Verify } from '../../core/crypto.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Issuer, Pointers } from '../../ports/issuer.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { PubSub } from '../../ports/pubsub.ts'
import type { Records } from '../../ports/records.ts'
import type { Rpc } from '../../ports/rpc.ts'
import type { Store } from '../../ports/store.ts'
import type { TokenVerifier } from '../../ports/token-verifier.ts'
import type { CrlResponse } from '../../schema/generated/hansa/v1/trust_pb.ts'

export interface AcaDeps {
  readonly clock: Clock
  readonly log: Log
  readonly rpc: Rpc
  readonly pubsub: PubSub
  readonly store: Store
  readonly issuer: Issuer
  /** Where the status of what is issued now is to be had; undefined where no such address is known. */
  pointers?(): Pointers | undefined
  readonly verify: Verify
  readonly sha256: Sha256
  readonly digest: Digest
  /** Signs status tokens and notices as this node. */
  readonly records: Records
  /** Unpredictable bytes. */
  random(size: number): Uint8Array
  /** Signatures of OpenID providers and authorities that the operator has listed. */
  readonly tokens: TokenVerifier
  /** HMAC key of the ACME external account binding of a voucher, from its public id: derived, so that it is nowhere at rest. 32 bytes. */
  eabKey(voucherId: string): Uint8Array
  /** Own chain, leaf first; the ACA remembers it as issued. */
  chain(): readonly Uint8Array[]
  /** The ACA's own node believes a new list at once; its member part serves it to others. */
  onCrl(list: CrlResponse): void
  readonly metrics?: Metrics
}
