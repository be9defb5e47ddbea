import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { BundleResponse, CrlResponse, TrustBundle } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { HeldCrl } from './revocations.ts'
import type { ListState } from './staleness.ts'

/** Identities with what only the member and the composition root do. */
export interface MemberIdentities extends Identities {
  /** Takes a new own chain after renewal or enrolment. Throws CERTIFICATE_INVALID when it is not of this key and domain, and as `verify`. */
  setChain(chain: readonly Uint8Array[]): void
  /** Roots of the own domain, checked by a newcomer against its invite. Throws INVALID_ARGUMENT when there are some already. */
  setRoots(roots: readonly Uint8Array[]): void
  /** All listed bundles, own domain first. */
  bundles(): TrustBundle[]
  /** Lists a domain with its DER roots and commits; false when nothing changed. No roots with a sequence: it has been taken off. Without a sequence it is the operator's word, which replaces what is held. */
  list(domain: string, roots: readonly Uint8Array[], sequence?: bigint): Promise<boolean>
  /** What a listed domain has said last of its own roots. */
  successor(domain: string): BundleResponse | undefined
  /**
   * Takes what a listed domain says of its own roots in the place of what was listed, and commits; true when its roots are others now. The caller has found it signed by
   * the domain's ACA under a root believed until then. Throws UNKNOWN_DOMAIN, CERTIFICATE_INVALID, INVALID_ARGUMENT (no roots, too many).
   */
  succeed(response: BundleResponse): Promise<boolean>
  /** For the node that has the authority: these are the roots of the own domain. The bundle, with a sequence that grows with each change. */
  declare(roots: readonly Uint8Array[], refreshHintMs: number): Promise<TrustBundle>
  /** Every bundle there ever was, the own domain's included; what has been taken off is without roots. */
  trustHistory(): TrustBundle[]
  /** Takes a domain off the list and commits; false when it was not on it. Throws INVALID_ARGUMENT for the own domain and for one that the config lists. */
  unlist(domain: string): Promise<boolean>
  /** Lists what config.yaml lists, and takes off what it no longer does; what was listed at run time stays. Called once, at start. */
  configure(domains: ReadonlyMap<string, readonly Uint8Array[]>): Promise<void>
  /** Takes a revocation list over when genuine and newer (see Revocations.accept): in force at once, on disk soon. */
  acceptCrl(response: CrlResponse): boolean
  /** The identity that a peer was last believed to have, whether it still is or not; `check` tells. */
  lastOf(peer: string): PeerIdentity | undefined
  /** Latest verified revocation list of an issuing CA of a domain; of its root when there is no other. */
  crl(domain: string): HeldCrl | undefined
  /** All verified lists of a domain, one for each CA: those of issuing CAs first, the latest first. */
  crls(domain: string): HeldCrl[]
  /** How well this node is informed about each listed domain, own domain first. */
  lists(): ListState[]
  /** What makes this node less well informed than it should be, a sentence for each domain; none while all is well. */
  degraded(): string[]
  /** Lists have grown old with time alone: tells the listeners when that changes whom we believe, and the log when it changes how well we are informed. */
  age(): void
  /** A signer's chain with its key: listed and not revoked. Throws as `verifySigner`. */
  signer(chain: readonly Uint8Array[]): { readonly identity: PeerIdentity; readonly spki: Uint8Array }
  /** The same, up to whatever root the chain has: listed or not, revoked or not. */
  foreign(chain: readonly Uint8Array[]): { readonly identity: PeerIdentity; readonly spki: Uint8Array; readonly root: Uint8Array }
}
