import { createHash } from 'node:crypto'
import { serialNumber } from '../../src/adapters/x509/authority.ts'
import type { Grant } from '../../src/core/pki/grant.ts'
import type { Applicant, Application, AuthorityDoor, Outcome, Standing } from '../../src/ports/authority-door.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { parseCsr } from '../../src/wire/x509/csr.ts'
import type { TestDomain } from './pki.ts'

/** What an ACA does behind its foreign doors, without rules: vouchers that a test writes down, certificates of a real CA, and whatever fate a test wants. */
export class FakeAuthority implements AuthorityDoor {
  readonly domain: string
  /** Open vouchers by their secret. */
  readonly vouchers = new Map<string, Grant>()
  readonly accounts = new Map<string, Grant>()
  readonly issued = new Map<string, Standing & { readonly spki: string; readonly account?: string }>()
  readonly applied: { readonly application: Application; readonly applicant: Applicant }[] = []
  readonly outcomes = new Map<string, Outcome>()
  /** Set: the next applications wait under this id. */
  pending: string | undefined
  list = new Uint8Array()
  rootList: Uint8Array | undefined
  answer = Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x01)
  readonly asked: Uint8Array[] = []
  readonly #domain: TestDomain
  readonly #now: () => number

  constructor(domain: TestDomain, now: () => number) {
    this.domain = domain.domain
    this.#domain = domain
    this.#now = now
  }

  get signers() {
    return this.#domain.issuer.signers
  }
  roots(): readonly Uint8Array[] {
    return [this.#domain.root]
  }
  crl(issuer?: string): Uint8Array {
    if (issuer === undefined || issuer === this.signers[0]?.id) return this.list
    if (this.rootList === undefined) throw new HansaError('NOT_FOUND', 'no list')
    return this.rootList
  }
  ocsp(request: Uint8Array): Uint8Array {
    this.asked.push(request)
    return this.answer
  }
  standing(serial: string): Standing {
    return this.issued.get(serial) ?? { serial, state: 'unknown' }
  }
  application(id: string): Outcome {
    const found = this.outcomes.get(id)
    if (found === undefined) throw new HansaError('NOT_FOUND', 'no such application')
    return found
  }

  async apply(application: Application, applicant: Applicant): Promise<Outcome> {
    this.applied.push({ application, applicant })
    const grant = applicant.account === undefined ? this.vouchers.get(application.voucher ?? '') : this.accounts.get(applicant.account)
    if (grant === undefined) throw new HansaError('VOUCHER_INVALID', 'the voucher is unknown, used up or over')
    const { spki } = parseCsr(application.csr)
    if (this.pending !== undefined) {
      const waiting: Outcome = { state: 'pending', applicationId: this.pending, verdicts: [], message: 'a person decides', retryAfterMs: 3_000 }
      this.outcomes.set(this.pending, waiting)
      return waiting
    }
    if (application.voucher !== undefined) this.vouchers.delete(application.voucher)
    return { state: 'issued', applicationId: '', verdicts: [], chain: await this.sign(spki, grant, application.dnsNames ?? grant.dnsNames, applicant.account) }
  }

  async renew(csr: Uint8Array, { identity }: Applicant): Promise<readonly Uint8Array[]> {
    if (identity === undefined) throw new HansaError('UNAUTHENTICATED', 'no certificate')
    return this.sign(parseCsr(csr).spki, { name: identity.name, roles: identity.roles, scopes: [], dnsNames: [] }, [])
  }

  async sign(spki: Uint8Array, grant: Grant, dnsNames: readonly string[], account?: string): Promise<Uint8Array[]> {
    const now = this.#now()
    const spiffeId = `spiffe://${this.domain}/${grant.roles[0] ?? 'agent'}/${grant.name}`
    const content = { serial: serialNumber(), spiffeId, dnsNames, roles: grant.roles, scopes: [], publicKey: spki }
    const leaf = await this.#domain.issuer.issue({ ...content, notBefore: now - 60_000, notAfter: now + 86_400_000 })
    const { serial, notBefore, notAfter } = parseCertificate(leaf)
    const by = account === undefined ? {} : { account }
    this.issued.set(serial, { serial, state: 'good', spiffeId, notBefore, notAfter, spki: Buffer.from(spki).toString('hex'), ...by })
    return [leaf, this.#domain.issuing, this.#domain.root]
  }

  async bindAccount(voucherId: string, thumbprint: string): Promise<Grant> {
    const found = [...this.vouchers].find(([secret]) => publicIdOf(secret) === voucherId)
    if (found === undefined) throw new HansaError('VOUCHER_INVALID', 'the voucher is unknown, used up or over')
    this.vouchers.delete(found[0])
    this.accounts.set(thumbprint, found[1])
    return found[1]
  }
  eabKey(voucherId: string): Uint8Array | undefined {
    return [...this.vouchers.keys()].some((secret) => publicIdOf(secret) === voucherId) ? eabKeyOf(voucherId) : undefined
  }
  accountGrant(thumbprint: string): Grant | undefined {
    return this.accounts.get(thumbprint)
  }

  async revoke(serial: string, reason: string, by: { readonly spki: Uint8Array } | { readonly account: string }): Promise<void> {
    const found = this.issued.get(serial)
    if (found === undefined) throw new HansaError('NOT_FOUND', 'no such certificate')
    const owns = 'spki' in by ? Buffer.from(by.spki).toString('hex') === found.spki : by.account === found.account
    if (!owns) throw new HansaError('PERMISSION_DENIED', 'not yours')
    this.issued.set(serial, { ...found, state: 'revoked', reason, revokedAt: this.#now() })
  }
}

/** Public id of a voucher: SHA-256 of its secret. */
export function publicIdOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

export function eabKeyOf(voucherId: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`eab ${voucherId}`).digest())
}
