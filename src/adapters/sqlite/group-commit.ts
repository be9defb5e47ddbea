import type { DatabaseSync } from 'node:sqlite'
import type { HansaError } from '../../schema/errors.ts'
import { storeFailed } from './open-file.ts'

interface Waiter {
  resolve(): void
  reject(error: HansaError): void
}

/**
 * One open transaction for all writers. The commits asked for in one turn of the event loop share one transaction and one fsync: a disk does about a thousand of
 * these a second, a busy server is asked for more. When anything fails, everything since the last commit is rolled back and everybody who waits is told.
 */
export class GroupCommit {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #beforeCommit: () => void
  #open = false
  #waiters: Waiter[] = []
  /** Why writes that nobody has committed yet were lost. Their writers hear it at their commit. */
  #lost: HansaError | undefined

  /** `beforeCommit` writes what had been put off, in the same transaction. */
  constructor(db: DatabaseSync, path: string, beforeCommit: () => void = () => undefined) {
    this.#db = db
    this.#path = path
    this.#beforeCommit = beforeCommit
  }

  /** Runs a write inside the open transaction. Throws STORE_FAILED; then all uncommitted writes are gone. */
  write<T>(fn: () => T): T {
    try {
      if (!this.#open) this.#db.exec('BEGIN IMMEDIATE')
      this.#open = true
      return fn()
    } catch (thrown) {
      this.#lost = storeFailed(this.#path, thrown)
      this.#rollback()
      throw this.#lost
    }
  }

  /** Resolves when every write so far is on disk; rejects with STORE_FAILED. */
  commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (this.#waiters.length === 1) setImmediate(() => this.flush())
    })
  }

  /** Commits at once. Never throws: who waits is told. */
  flush(): void {
    const waiters = this.#waiters
    this.#waiters = []
    const error = this.#finish()
    for (const waiter of waiters) {
      if (error === undefined) waiter.resolve()
      else waiter.reject(error)
    }
  }

  #finish(): HansaError | undefined {
    const lost = this.#lost
    this.#lost = undefined
    if (lost !== undefined) {
      // Some of what the waiters wrote is gone already; half of it must not stay.
      this.#rollback()
      return lost
    }
    if (!this.#open) return undefined
    try {
      this.#beforeCommit()
      this.#db.exec('COMMIT')
      this.#open = false
      return undefined
    } catch (thrown) {
      this.#rollback()
      return storeFailed(this.#path, thrown)
    }
  }

  #rollback(): void {
    this.#open = false
    // SQLite rolls back by itself on some errors (a full disk); another ROLLBACK would be an error of its own.
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
  }
}
