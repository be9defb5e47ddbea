import type { Account } from '../../core/pki/account.ts'
import type { Grant } from '../../core/pki/grant.ts'
import type { Store } from '../../ports/store.ts'
import { decodeRow, encodeRow } from './rows.ts'

const ACCOUNTS = 'aca.accounts'
/** Open accounts by the name and by the DNS names that they may have. */
const CLAIMS = 'aca.accountClaims'
const NOTHING = new Uint8Array()

/** ACME accounts and what they may have, by thumbprint of their key. The caller commits. */
export class AccountStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  put(thumbprint: string, account: Account): void {
    const before = this.get(thumbprint)
    if (before !== undefined) for (const claim of claimsOf(before.grant)) this.#store.delete(CLAIMS, `${claim}/${thumbprint}`)
    if (account.endedAt === undefined) for (const claim of claimsOf(account.grant)) this.#store.put(CLAIMS, `${claim}/${thumbprint}`, NOTHING)
    this.#store.put(ACCOUNTS, thumbprint, encodeRow(account))
  }

  get(thumbprint: string): Account | undefined {
    const bytes = this.#store.get(ACCOUNTS, thumbprint)
    return bytes === undefined ? undefined : decodeRow<Account>(bytes)
  }

  /** Open accounts that have a name. */
  byName(name: string): [string, Account][] {
    return this.#claiming(`name/${name}`)
  }

  /** Open accounts that may have certificates with a DNS name. */
  byDnsName(dnsName: string): [string, Account][] {
    return this.#claiming(`dns/${dnsName}`)
  }

  /** Open accounts of an organisation; reads them all. */
  byOrganisation(organisation: string): [string, Account][] {
    return [...this.#store.entries(ACCOUNTS)]
      .map(([thumbprint]): [string, Account | undefined] => [thumbprint, this.get(thumbprint)])
      .filter((entry): entry is [string, Account] => entry[1]?.grant.organisation === organisation && entry[1].endedAt === undefined)
  }

  /** The account gets nothing more. */
  end(thumbprint: string, now: number): void {
    const account = this.get(thumbprint)
    if (account !== undefined && account.endedAt === undefined) this.put(thumbprint, { ...account, endedAt: now })
  }

  #claiming(claim: string): [string, Account][] {
    return [...this.#store.entries(CLAIMS, { prefix: `${claim}/` })].flatMap(([key]): [string, Account][] => {
      const thumbprint = key.slice(claim.length + 1)
      const account = this.get(thumbprint)
      return account === undefined ? [] : [[thumbprint, account]]
    })
  }
}

/** Neither names nor DNS names have a slash. */
function claimsOf({ name, dnsNames }: Grant): string[] {
  return [`name/${name}`, ...dnsNames.map((each) => `dns/${each}`)]
}
