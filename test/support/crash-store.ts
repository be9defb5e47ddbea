import type { Store } from '../../src/ports/store.ts'

type Tables = Map<string, Map<string, Uint8Array>>
type Write = readonly [table: string, key: string, value: Uint8Array | undefined]

/**
 * A Store whose process may be killed: what was committed is on `disk`, for the store of the next process. `dieAt`: the commit with this number (from 1) is the
 * last; before it or after it, it does not say.
 */
export class CrashStore implements Store {
  readonly disk: Tables
  commits = 0
  dead = false
  readonly #dieAt: number
  readonly #kept: boolean
  readonly #seen: Tables
  #writes: Write[] = []
  readonly #died: () => void

  constructor(disk: Tables = new Map(), options: { readonly dieAt?: number; readonly kept?: boolean; readonly died?: () => void } = {}) {
    this.disk = disk
    this.#dieAt = options.dieAt ?? Infinity
    this.#kept = options.kept ?? false
    this.#died = options.died ?? (() => undefined)
    this.#seen = new Map([...disk].map(([name, table]) => [name, new Map(table)]))
  }

  get(table: string, key: string): Uint8Array | undefined {
    return this.#table(table).get(key)?.slice()
  }

  put(table: string, key: string, value: Uint8Array): void {
    this.#write([table, key, value.slice()])
  }

  delete(table: string, key: string): void {
    this.#write([table, key, undefined])
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
    if (this.dead) return new Promise(() => undefined)
    this.commits++
    const dies = this.commits >= this.#dieAt
    if (!dies || this.#kept) for (const write of this.#writes) apply(this.disk, write)
    this.#writes = []
    if (!dies) return Promise.resolve()
    this.dead = true
    this.#died()
    return new Promise(() => undefined)
  }

  #write(write: Write): void {
    if (this.dead) return
    this.#writes.push(write)
    apply(this.#seen, write)
  }

  #table(name: string): Map<string, Uint8Array> {
    return tableOf(this.#seen, name)
  }
}

function apply(tables: Tables, [name, key, value]: Write): void {
  const table = tableOf(tables, name)
  if (value === undefined) table.delete(key)
  else table.set(key, value)
}

function tableOf(tables: Tables, name: string): Map<string, Uint8Array> {
  let table = tables.get(name)
  if (table === undefined) tables.set(name, (table = new Map()))
  return table
}
