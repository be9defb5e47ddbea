import type { Account } from '../../core/pki/account.ts'
import type { Store } from '../../ports/store.ts'
import { decodeRow, encodeRow } from './rows.ts'

const ACCOUNTS = 'aca.accounts'

/** ACME accounts and what they may have, by thumbprint of their key. The caller commits. */
export class AccountStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  put(thumbprint: string, account: Account): void {
    this.#store.put(ACCOUNTS, thumbprint, encodeRow(account))
  }

  get(thumbprint: string): Account | undefined {
    const bytes = this.#store.get(ACCOUNTS, thumbprint)
    return bytes === undefined ? undefined : decodeRow<Account>(bytes)
  }

  /** Open accounts that have a name. */
  byName(name: string): [string, Account][] {
    return [...this.#store.entries(ACCOUNTS)]
      .flatMap(([thumbprint]): [string, Account | undefined][] => [[thumbprint, this.get(thumbprint)]])
      .filter((entry): entry is [string, Account] => entry[1]?.grant.name === name && entry[1].endedAt === undefined)
  }

  /** The account gets nothing more. */
  end(thumbprint: string, now: number): void {
    const account = this.get(thumbprint)
    if (account !== undefined && account.endedAt === undefined) this.put(thumbprint, { ...account, endedAt: now })
  }
}
