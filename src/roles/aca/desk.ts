import { hex } from '../../core/ids/hex.ts'
import { type Role, sortRoles } from '../../core/ids/role.ts'
import { parseName } from '../../core/ids/spiffe-id.ts'
import { parseAgent } from '../../core/ids/agent-id.ts'
import { type Issued, stateOf } from '../../core/pki/issued.ts'
import { nextName, type Voucher } from '../../core/pki/voucher.ts'
import { HansaError } from '../../schema/errors.ts'
import type { AcaDeps } from './deps.ts'
import type { Ledger } from './ledger.ts'

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
}

export interface NewVoucher {
  /** The secret. It is shown this once. */
  readonly voucher: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly uses: number
}

const MAX_TTL_MS = 30 * 24 * 3_600_000
const MAX_USES = 1000
const MAX_VOUCHERS = 10_000
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
  const voucher: Voucher = { name, roles, scopes: [], dnsNames: [], expiresAt, uses, used: 0, replace: request.replace ?? false }
  // The longest name that it will give must be one.
  parseName(nextName({ ...voucher, used: uses - 1 }))
  if (ledger.vouchers().length >= MAX_VOUCHERS) throw new HansaError('INVALID_ARGUMENT', `${MAX_VOUCHERS} vouchers are open already`)
  const secret = hex(deps.random(SECRET_BYTES))
  ledger.putVoucher(voucherId(secret, deps), voucher)
  return { voucher: secret, name, roles, expiresAt, uses }
}

/** Under which a voucher is kept: the SHA-256 of its secret. */
export function voucherId(secret: string, deps: AcaDeps): string {
  return hex(deps.sha256(new TextEncoder().encode(secret)))
}

/** Certificates that an operator means by a serial, SPIFFE ID, handle, name or PeerId, the newest first. Throws NOT_FOUND. */
export function findCertificates(x: string, domain: string, ledger: Ledger): Issued[] {
  const exact = ledger.certificate(x.toLowerCase())
  const found = exact !== undefined ? [exact] : x.startsWith('12D3') ? ledger.byPeer(x) : byName(x, domain, ledger)
  if (found.length === 0) throw new HansaError('NOT_FOUND', 'no certificate has this serial, SPIFFE ID, handle or PeerId')
  return found.sort((a, b) => b.notBefore - a.notBefore)
}

/** Certificates among these that are in force. */
export function live(certificates: readonly Issued[], now: number): Issued[] {
  return certificates.filter((issued) => stateOf(issued, now) === 'good')
}

function byName(x: string, domain: string, ledger: Ledger): Issued[] {
  const id = parseAgent(x, domain)
  if (id.domain !== domain) return []
  const found = ledger.byName(id.name)
  return x.startsWith('spiffe:') ? found.filter((issued) => issued.spiffeId === x) : found
}
