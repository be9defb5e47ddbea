export interface BudgetSettings {
  /** Characters in a period. */
  readonly limit: number
  /** Milliseconds. */
  readonly periodMs: number
}

/** Accounts remembered at a time. */
const MAX_ACCOUNTS = 10_000

/**
 * Characters that an account may have translated: a bucket that drains evenly (generic cell rate algorithm). A text is taken whole while there is any room, so that
 * no text is too long for ever; what it took too much is waited for.
 */
export class Budget {
  readonly #settings: BudgetSettings
  /** When the bucket of an account is empty again, in order of last use. */
  readonly #emptyAt = new Map<string, number>()

  constructor(settings: BudgetSettings) {
    this.#settings = settings
  }

  /** Counts `characters` at `now` (milliseconds that never go back); or says in how many milliseconds to come again, and counts nothing. */
  take(account: string, characters: number, now: number): number | undefined {
    const { limit, periodMs } = this.#settings
    const from = Math.max(this.#emptyAt.get(account) ?? now, now)
    const over = from - now - periodMs
    if (over >= 0) return Math.floor(over) + 1
    this.#emptyAt.delete(account)
    if (this.#emptyAt.size >= MAX_ACCOUNTS) this.#forget(now)
    this.#emptyAt.set(account, from + (characters * periodMs) / limit)
    return undefined
  }

  #forget(now: number): void {
    for (const [account, at] of this.#emptyAt) if (at <= now) this.#emptyAt.delete(account)
    // All in use: the one that was quiet longest starts anew.
    for (const account of this.#emptyAt.keys()) {
      if (this.#emptyAt.size < MAX_ACCOUNTS) return
      this.#emptyAt.delete(account)
    }
  }
}
