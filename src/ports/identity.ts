import type { Role } from '../core/ids/role.ts'

/** A peer whose certificate chain has been verified against a listed root and whose leaf key is the key that the transport proved. */
export interface PeerIdentity {
  readonly peer: string
  readonly spiffeId: string
  readonly domain: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Ceiling of what the holder may offer and do, capabilities with those below them; empty or absent: none is set. */
  readonly scopes?: readonly string[]
  readonly organisation?: string
  /** Serial of the leaf, lower-case hex without leading zeros. */
  readonly serial: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** True when the domain is the node's own. */
  readonly own: boolean
}

/** Who we are and whom we believe (the member role implements it). */
export interface Identities {
  /** Own chain, leaf first, root last; empty before enrolment. Changes at renewal. */
  chain(): readonly Uint8Array[]
  /** Own verified identity; undefined before enrolment. */
  self(): PeerIdentity | undefined
  /**
   * Verifies a chain shown by `peer` (cached by fingerprint). Throws CERTIFICATE_INVALID, CERTIFICATE_EXPIRED, CERTIFICATE_REVOKED, UNKNOWN_DOMAIN.
   */
  verify(peer: string, chain: readonly Uint8Array[]): PeerIdentity
  /** Cheap check before each call: still valid, not revoked, domain still listed. Throws as `verify`. */
  check(identity: PeerIdentity): void
  /** The verified identity behind a signed record's chain, without a peer: the signer may be far away. Throws as `verify`. */
  verifySigner(chain: readonly Uint8Array[]): PeerIdentity
  /** Domains whose roots are listed, own included. */
  domains(): string[]
  /** DER roots of a listed domain; empty when it is not listed. */
  roots(domain: string): readonly Uint8Array[]
  /** Called when certificates have been revoked or a domain was taken off the list: drop what depends on `check`. */
  onChange(fn: () => void): void
}
