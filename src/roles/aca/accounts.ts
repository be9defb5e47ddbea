import type { Account } from '../../core/pki/account.ts'
import { type Grant, grantOf } from '../../core/pki/grant.ts'
import { stateOf } from '../../core/pki/issued.ts'
import { dnsNamesOf } from '../../core/pki/profile.ts'
import { nextName, openVoucher } from '../../core/pki/voucher.ts'
import { HansaError } from '../../schema/errors.ts'
import { accepted, type Book } from './book.ts'
import { dnsHolders } from './dns-holders.ts'

/** ACME accounts (RFC 8555 7.3.4): a voucher gives a name to an account key, which may then have certificates for whatever keys. */
export class Accounts {
  readonly #book: Book

  constructor(book: Book) {
    this.#book = book
  }

  /** See AuthorityDoor.bindAccount. An account whose grant was taken away may be bound to a new voucher. */
  bind(voucherId: string, thumbprint: string): Promise<Grant> {
    const { alone, ledger, accounts, audit, deps } = this.#book
    return alone(async () => {
      const before = this.grant(thumbprint)
      if (before !== undefined) return before
      if (!/^[A-Za-z0-9_-]{43}$/.test(thumbprint)) throw new HansaError('INVALID_ARGUMENT', 'not the SHA-256 thumbprint of an account key')
      const now = deps.clock.now()
      const { voucher } = accepted(openVoucher(ledger.voucher(voucherId), now))
      const given = { ...grantOf(voucher), name: nextName(voucher) }
      const grant: Grant = { ...given, dnsNames: dnsNamesOf({ ...given, domain: deps.issuer.domain }) }
      this.#claim(grant, voucher.replace, now)
      const { replace, boundTo } = voucher
      const account: Account = { grant, voucher: voucherId, boundAt: now, replace, ...(boundTo === undefined ? {} : { boundTo }) }
      accounts.put(thumbprint, account)
      ledger.putVoucher(voucherId, { ...voucher, used: voucher.used + 1 })
      audit.append('account', thumbprint, grant.name, { voucher: voucherId, dnsNames: grant.dnsNames.join() })
      await ledger.commit()
      deps.log.info({ name: grant.name, thumbprint }, 'a voucher was bound to an account')
      return grant
    })
  }

  /** See AuthorityDoor.accountGrant. */
  grant(thumbprint: string): Grant | undefined {
    const account = this.#book.accounts.get(thumbprint)
    return account === undefined || account.endedAt !== undefined ? undefined : account.grant
  }

  /** See AuthorityDoor.eabKey. */
  eabKey(voucherId: string): Uint8Array | undefined {
    const { ledger, deps } = this.#book
    return openVoucher(ledger.voucher(voucherId), deps.clock.now()).ok ? deps.eabKey(voucherId) : undefined
  }

  /** A name that somebody has is not given to an account, unless the operator says so; then whoever had it by account has it no more. */
  #claim({ name, dnsNames }: Grant, replace: boolean, now: number): void {
    const { ledger, accounts } = this.#book
    const theirs = dnsNames.find((each) => dnsHolders(this.#book, each, now).some((holder) => holder !== name))
    if (theirs !== undefined) throw new HansaError('NAME_TAKEN', `the DNS name ${theirs} belongs to another holder; revoke what that one has first`)
    const others = accounts.byName(name)
    const taken = others.length > 0 || ledger.byName(name).some((issued) => ['good', 'held'].includes(stateOf(issued, now)))
    if (taken && !replace) throw new HansaError('NAME_TAKEN', `${name} is held by another; revoke it first, or make the invite with replace`)
    for (const [other] of others) accounts.end(other, now)
  }
}
