import type { Role } from '../../../src/core/ids/role.ts'
import type { Identities, PeerIdentity } from '../../../src/ports/identity.ts'
import { HansaError } from '../../../src/schema/errors.ts'

interface Claim {
  readonly peer: string
  readonly domain: string
  readonly name: string
  readonly roles: readonly Role[]
  readonly serial: string
}

/**
 * Identities without cryptography, for tests of the transport: a "certificate" is JSON that names the peer it was made for. The rules are those of the real
 * ones: the peer must be the one that the transport proved, the domain listed, the serial not revoked.
 */
export class FakeIdentities implements Identities {
  readonly revoked = new Set<string>()
  readonly listed: Set<string>
  readonly #domain: string
  readonly #onChange: (() => void)[] = []
  #chain: readonly Uint8Array[] = []
  #self: PeerIdentity | undefined
  /** Counts verifications: a test asserts that they are few. */
  verified = 0

  constructor(domain: string, options: { readonly listed?: readonly string[] } = {}) {
    this.#domain = domain
    this.listed = new Set([domain, ...(options.listed ?? [])])
  }

  /** Gives this node a certificate (a new one at each call). */
  enrol(peer: string, name: string, roles: readonly Role[], serial = `${name}-1`): this {
    const claim: Claim = { peer, domain: this.#domain, name, roles, serial }
    this.#chain = [Buffer.from(JSON.stringify(claim))]
    this.#self = this.#identity(claim)
    return this
  }

  /** Shows somebody else's chain: what a thief would do. */
  steal(chain: readonly Uint8Array[]): void {
    this.#chain = chain
  }

  chain(): readonly Uint8Array[] {
    return this.#chain
  }

  self(): PeerIdentity | undefined {
    return this.#self
  }

  verify(peer: string, chain: readonly Uint8Array[]): PeerIdentity {
    this.verified++
    const identity = this.verifySigner(chain)
    if (identity.peer !== peer) throw new HansaError('CERTIFICATE_INVALID', `the certificate of ${identity.peer} shown by ${peer}`)
    return identity
  }

  check(identity: PeerIdentity): void {
    if (!this.listed.has(identity.domain)) throw new HansaError('UNKNOWN_DOMAIN', `${identity.domain} is not listed`, { domain: identity.domain })
    if (this.revoked.has(identity.serial)) throw new HansaError('CERTIFICATE_REVOKED', `certificate ${identity.serial} is revoked`)
  }

  verifySigner(chain: readonly Uint8Array[]): PeerIdentity {
    const [leaf] = chain
    if (leaf === undefined) throw new HansaError('CERTIFICATE_INVALID', 'an empty chain')
    const identity = this.#identity(JSON.parse(Buffer.from(leaf).toString()) as Claim)
    this.check(identity)
    return identity
  }

  domains(): string[] {
    return [...this.listed]
  }

  roots(domain: string): readonly Uint8Array[] {
    return this.listed.has(domain) ? [Buffer.from(domain)] : []
  }

  onChange(fn: () => void): void {
    this.#onChange.push(fn)
  }

  revoke(serial: string): void {
    this.revoked.add(serial)
    for (const fn of this.#onChange) fn()
  }

  list(domain: string): void {
    this.listed.add(domain)
    for (const fn of this.#onChange) fn()
  }

  #identity(claim: Claim): PeerIdentity {
    const spiffeId = `spiffe://${claim.domain}/${claim.roles[0] ?? 'agent'}/${claim.name}`
    return { ...claim, spiffeId, notAfter: Number.MAX_SAFE_INTEGER, own: claim.domain === this.#domain }
  }
}
