import { randomBytes } from 'node:crypto'
import { createAuthority, serialNumber, type Authority } from '../../src/adapters/x509/authority.ts'
import { loadIssuer } from '../../src/adapters/x509/load-issuer.ts'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import { type Role, sortRoles } from '../../src/core/ids/role.ts'
import { formatSpiffeId } from '../../src/core/ids/spiffe-id.ts'
import type { Issuer } from '../../src/ports/issuer.ts'
import type { Signer } from '../../src/ports/signer.ts'

/** A node of a test domain with a certificate. */
export interface TestNode {
  readonly seed: Uint8Array
  readonly signer: Signer
  /** Leaf first, root last, DER. */
  readonly chain: readonly Uint8Array[]
  readonly spiffeId: string
  readonly peer: string
}

export interface TestDomain {
  readonly domain: string
  /** DER. */
  readonly root: Uint8Array
  readonly issuing: Uint8Array
  readonly files: Authority
  readonly issuer: Issuer
  /** With the issuing CA's key. */
  readonly sign: (data: Uint8Array) => Uint8Array
  /** A node with a fresh key (or `seed`) and a certificate for its roles; `notBefore` and `notAfter` in milliseconds since the epoch. */
  leaf(options: {
    readonly name: string
    readonly role?: Role
    readonly roles?: readonly Role[]
    readonly seed?: Uint8Array
    readonly dnsName?: string
    readonly notBefore?: number
    readonly notAfter?: number
  }): Promise<TestNode>
}

const DAY = 86_400_000

/** A domain with root and issuing CA, made like a real one. `now` should be what the fake clock says; its default is where FakeClock starts. */
export async function testDomain(domain: string, now = Date.UTC(2026, 0, 1)): Promise<TestDomain> {
  const files = createAuthority(domain, now)
  const issuer = loadIssuer(domain, files)
  const [issuing, root] = issuer.chain
  const [signer] = issuer.signers
  if (issuing === undefined || root === undefined || signer === undefined) throw new Error('a CA without certificates')
  return {
    domain,
    root,
    issuing,
    files,
    issuer,
    sign: (data) => signer.sign(data),
    async leaf({ name, role = 'agent', roles: given = [role], dnsName, ...more }) {
      const { seed = new Uint8Array(randomBytes(32)), notBefore = now - 60_000, notAfter = now + 7 * DAY } = more
      const roles = sortRoles(given)
      const holder = createSigner(seed)
      const spiffeId = formatSpiffeId({ domain, role: roles[0] ?? role, name })
      const leaf = await issuer.issue({
        serial: serialNumber(),
        spiffeId,
        dnsNames: dnsName === undefined ? [] : [dnsName],
        roles,
        scopes: [],
        publicKey: holder.publicKey,
        notBefore,
        notAfter
      })
      return { seed, signer: holder, chain: [leaf, issuing, root], spiffeId, peer: holder.peer }
    }
  }
}
