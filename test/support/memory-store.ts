import type { Store } from '../../src/ports/store.ts'
import { HansaError } from '../../src/schema/errors.ts'

/** A Store without a disk. `failNextCommit` makes the next commit fail as a full disk would: nothing since the last commit is kept. */
export class MemoryStore implements Store {
  #tables = new Map<string, Map<string, Uint8Array>>()
  /** What to do, newest first, to come back to the last commit. */
  #undo: (() => void)[] = []
  #fail = false

  failNextCommit(): void {
    this.#fail = true
  }

  get(table: string, key: string): Uint8Array | undefined {
    return this.#table(table).get(key)?.slice()
  }

  put(table: string, key: string, value: Uint8Array): void {
    this.#remember(table, key)
    this.#table(table).set(key, value.slice())
  }

  delete(table: string, key: string): void {
    this.#remember(table, key)
    this.#table(table).delete(key)
  }

  *entries(
    table: string,
    options: { readonly from?: string; readonly prefix?: string; readonly limit?: number } = {}
  ): Iterable<readonly [string, Uint8Array]> {
    const { from = '', prefix = '', limit = Infinity } = options
    const keys = [...this.#table(table).keys()].filter((key) => key >= from && key.startsWith(prefix)).sort((a, b) => (a < b ? -1 : 1))
    for (const key of keys.slice(0, limit)) {
      const value = this.get(table, key)
      if (value !== undefined) yield [key, value]
    }
  }

  count(table: string): number {
    return this.#table(table).size
  }

  commit(): Promise<void> {
    const undo = this.#undo
    this.#undo = []
    if (!this.#fail) return Promise.resolve()
    this.#fail = false
    for (const step of undo.reverse()) step()
    return Promise.reject(new HansaError('STORE_FAILED', 'the store failed because the test wanted it to'))
  }

  #table(name: string): Map<string, Uint8Array> {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = new Map()))
    return table
  }

  #remember(name: string, key: string): void {
    const table = this.#table(name)
    const before = table.get(key)
    this.#undo.push(() => (before === undefined ? table.delete(key) : table.set(key, before)))
  }
}
