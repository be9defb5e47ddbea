import { isEd25519Spki } from '../ids/peer-id.ts'
import { type Role, sortRoles } from '../ids/role.ts'
import { formatSpiffeId } from '../ids/spiffe-id.ts'
import type { Grant } from './grant.ts'

/** What is to stand in a leaf certificate. */
export interface Profile {
  readonly spiffeId: string
  /** Beside the SPIFFE ID, for TLS clients outside the network, which know servers by DNS name; nodes that serve none have no such name. */
  readonly dnsNames: readonly string[]
  readonly roles: readonly Role[]
  readonly scopes: readonly string[]
  readonly organisation?: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/** Life of a certificate by the first role of its holder, in milliseconds; `tls` is that of P-256 keys, which speak TLS outside the network. */
export type Lifetimes = Readonly<Record<Role, number>> & { readonly tls?: number }

const HOUR = 3_600_000

/**
 * Short, because a revocation list may not reach everybody: a day for agents, a week for the domain's own nodes (an ACA that is down for a weekend must
 * not take its gateways along).
 */
export const DEFAULT_LIFETIMES: Lifetimes = { aca: 168 * HOUR, ars: 168 * HOUR, agw: 168 * HOUR, agent: 24 * HOUR, tls: 168 * HOUR }

/** The receiver's clock may be a little behind. */
const BACKDATE_MS = 60_000

/** The certificate that a reviewed application gets (draft 3.1.1); it never outlives its issuer (`issuerNotAfter`). */
export function leafProfile(
  holder: { readonly domain: string } & Pick<Grant, 'name' | 'roles'> & Partial<Grant>,
  publicKey: Uint8Array,
  now: number,
  lifetimes: Lifetimes,
  issuerNotAfter: number
): Profile {
  const roles = sortRoles(holder.roles)
  const role = roles[0]
  if (role === undefined) throw new RangeError('a holder without a role')
  const spiffeId = formatSpiffeId({ domain: holder.domain, role, name: holder.name })
  // X.509 has no parts of seconds: without this the ledger would remember another end than the holder shows.
  const notBefore = wholeSeconds(now - BACKDATE_MS)
  // An agent's certificate for outside clients must not outlive what a revocation list may miss, whatever TLS servers may have.
  const life = isEd25519Spki(publicKey) ? lifetimes[role] : Math.min(lifetimes.tls ?? Infinity, lifetimes[role])
  const notAfter = wholeSeconds(Math.min(now + life, issuerNotAfter))
  const { scopes = [], organisation } = holder
  return {
    spiffeId,
    dnsNames: dnsNamesOf(holder),
    roles,
    scopes,
    ...(organisation === undefined ? {} : { organisation }),
    publicKey,
    notBefore,
    notAfter
  }
}

/** DNS names that a certificate of this holder has: its own when it serves TLS clients, and those that were granted. */
export function dnsNamesOf(holder: { readonly domain: string } & Pick<Grant, 'name' | 'roles'> & Partial<Grant>): string[] {
  const own = holder.roles.some((each) => each !== 'agent') ? dnsNameOf(holder) : undefined
  return [...new Set([...(own === undefined ? [] : [own]), ...(holder.dnsNames ?? [])])]
}

/** True for a DNS name at or below a domain, in lower case and without wildcards. */
export function isDnsNameWithin(text: string, domain: string): boolean {
  return DNS_NAME.test(text) && (text === domain || text.endsWith(`.${domain}`))
}

/** Labels of 1 to 63 letters, digits and hyphens, none at the ends (RFC 1123 2.1); 253 in all. */
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** Names of nodes may have `_` or begin with a dot or hyphen; DNS names may not, and such a node has none. */
function dnsNameOf({ name, domain }: { readonly name: string; readonly domain: string }): string | undefined {
  const dnsName = `${name}.${domain}`
  return DNS_NAME.test(dnsName) ? dnsName : undefined
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
