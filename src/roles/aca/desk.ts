import { hex } from '../../core/ids/hex.ts'
import { type Role, sortRoles } from '../../core/ids/role.ts'
import { formatSpiffeId, parseName } from '../../core/ids/spiffe-id.ts'
import { parseAgent } from '../../core/ids/agent-id.ts'
import type { Account } from '../../core/pki/account.ts'
import type { Issued } from '../../core/pki/issued.ts'
import { base64url } from '../../core/ids/base64url.ts'
import { isScope, MAX_SCOPES } from '../../core/pki/grant.ts'
import { dnsNamesOf, isDnsNameWithin } from '../../core/pki/profile.ts'
import { nextName, type Voucher } from '../../core/pki/voucher.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Book } from './book.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'
import { line } from './read-application.ts'

export interface VoucherRequest {
  readonly roles: readonly Role[]
  /** Chosen at random after the first role when absent. */
  readonly name?: string
  /** Milliseconds until it ends; 1 s to 30 days. */
  readonly ttlMs: number
  /** 1 to 1000; with more than one, the names are name-1, name-2 and so on. */
  readonly uses?: number
  /** The new holder takes the name over from whoever has it. */
  readonly replace?: boolean
  /** Ceiling of what the holder may offer and do; none when absent. See Grant.scopes. */
  readonly scopes?: readonly string[]
  readonly organisation?: string
  /** For TLS clients outside the network; at or below the domain. */
  readonly dnsNames?: readonly string[]
  /** SHA-256, hex, of the SubjectPublicKeyInfo or of the CSR that it is good for alone. */
  readonly boundTo?: string
}

export interface NewVoucher {
  /** The secret. It is shown this once. */
  readonly voucher: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Those of the first certificate; with several uses, one of a server has its number. */
  readonly dnsNames: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly uses: number
  /** Public: the SHA-256 of the secret, hex. The key identifier of an ACME external account binding. */
  readonly id: string
  /** HMAC key of that binding, base64url; as secret as the voucher. */
  readonly eabKey: string
}

const MAX_TTL_MS = 30 * 24 * 3_600_000
const MAX_USES = 1000
const MAX_VOUCHERS = 10_000
const MAX_DNS_NAMES = 16
/** 256 bits: not to be guessed however many try. */
const SECRET_BYTES = 32

/** Writes a voucher into the ledger; the caller commits before it shows the secret. Throws INVALID_ARGUMENT. */
export function createVoucher(request: VoucherRequest, deps: AcaDeps, ledger: Ledger): NewVoucher {
  const roles = sortRoles(request.roles)
  const uses = request.uses ?? 1
  const first = roles[0]
  if (first === undefined) throw new HansaError('INVALID_ARGUMENT', 'a voucher without a role')
  if (!Number.isInteger(uses) || uses < 1 || uses > MAX_USES) throw new HansaError('INVALID_ARGUMENT', `${uses} uses; 1 to ${MAX_USES} are wanted`)
  if (!(request.ttlMs >= 1000 && request.ttlMs <= MAX_TTL_MS))
    throw new HansaError('INVALID_ARGUMENT', `a voucher for ${request.ttlMs} ms; 1 s to 30 days are wanted`)
  const name = parseName(request.name ?? `${first}-${hex(deps.random(4))}`)
  const expiresAt = deps.clock.now() + request.ttlMs
  const voucher: Voucher = { name, roles, ...readLimits(request, deps.issuer.domain), expiresAt, uses, used: 0, replace: request.replace ?? false }
  // The longest name that it will give must be one.
  parseName(nextName({ ...voucher, used: uses - 1 }))
  if (ledger.vouchers().length >= MAX_VOUCHERS) throw new HansaError('INVALID_ARGUMENT', `${MAX_VOUCHERS} vouchers are open already`)
  const secret = hex(deps.random(SECRET_BYTES))
  const id = voucherId(secret, deps)
  ledger.putVoucher(id, voucher)
  const dnsNames = dnsNamesOf({ ...voucher, name: nextName(voucher), domain: deps.issuer.domain })
  return { voucher: secret, name, roles, dnsNames, expiresAt, uses, id, eabKey: base64url(deps.eabKey(id)) }
}

/** What a voucher is limited to beside its name and roles. Throws INVALID_ARGUMENT. */
function readLimits(request: VoucherRequest, domain: string): Pick<Voucher, 'scopes' | 'dnsNames' | 'organisation' | 'boundTo'> {
  const { scopes = [], dnsNames = [], organisation, boundTo } = request
  if (scopes.length > MAX_SCOPES || !scopes.every(isScope))
    throw new HansaError('INVALID_ARGUMENT', `scopes that are not at most ${MAX_SCOPES} capabilities such as travel/flight-booking`)
  if (dnsNames.length > MAX_DNS_NAMES || !dnsNames.every((each) => isDnsNameWithin(each, domain)))
    throw new HansaError('INVALID_ARGUMENT', `DNS names that are not at most ${MAX_DNS_NAMES} at or below ${domain}, in lower case`)
  if (boundTo !== undefined && !/^[0-9a-f]{64}$/.test(boundTo))
    throw new HansaError('INVALID_ARGUMENT', 'a voucher is bound to the SHA-256 of a public key (SubjectPublicKeyInfo) or of a request, 64 hexadecimal digits')
  return {
    scopes: [...new Set(scopes)],
    dnsNames: [...new Set(dnsNames)],
    ...(organisation === undefined ? {} : { organisation: line('the organisation', organisation, 128) }),
    ...(boundTo === undefined ? {} : { boundTo })
  }
}

/** Under which a voucher is kept: the SHA-256 of its secret. */
export function voucherId(secret: string, deps: AcaDeps): string {
  return hex(deps.sha256(new TextEncoder().encode(secret)))
}

/** Open ACME accounts that an operator means by a SPIFFE ID, handle or name: they have it also while no certificate of theirs is in force. */
export function accountsMeant(x: string, domain: string, { ledger, accounts }: Pick<Book, 'ledger' | 'accounts'>): [string, Account][] {
  if (ledger.certificate(x.toLowerCase()) !== undefined || x.startsWith('12D3')) return []
  const id = parseAgent(x, domain)
  if (id.domain !== domain) return []
  const found = accounts.byName(id.name)
  return x.startsWith('spiffe:') ? found.filter(([, { grant }]) => x === formatSpiffeId({ domain, role: grant.roles[0] ?? 'agent', name: grant.name })) : found
}

/** As findCertificates; none when there is none. */
export function certificatesMeant(x: string, domain: string, ledger: Ledger): Issued[] {
  const exact = ledger.certificate(x.toLowerCase())
  return exact !== undefined ? [exact] : x.startsWith('12D3') ? ledger.byPeer(x) : byName(x, domain, ledger)
}

/** Certificates that an operator means by a serial, SPIFFE ID, handle, name or PeerId, the newest first. Throws NOT_FOUND. */
export function findCertificates(x: string, domain: string, ledger: Ledger): Issued[] {
  const found = certificatesMeant(x, domain, ledger)
  if (found.length === 0) throw new HansaError('NOT_FOUND', 'no certificate has this serial, SPIFFE ID, handle or PeerId')
  return found.sort((a, b) => b.notBefore - a.notBefore)
}

function byName(x: string, domain: string, ledger: Ledger): Issued[] {
  const id = parseAgent(x, domain)
  if (id.domain !== domain) return []
  const found = ledger.byName(id.name)
  return x.startsWith('spiffe:') ? found.filter((issued) => issued.spiffeId === x) : found
}
