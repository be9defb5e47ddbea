import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Store } from '../../ports/store.ts'
import { GroupCommit } from './group-commit.ts'
import { type Durability, openFile, storeFailed, type FileKind } from './open-file.ts'

const KIND: FileKind = {
  // "HanS"
  applicationId: 0x48616e53,
  schema: ['CREATE TABLE entries (tab TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID']
}

/** Entries read at a time: the reader may write between two pages, and a large table is never in memory as a whole. */
const PAGE = 256

/** A Store that must be closed. */
export interface FileStore extends Store {
  /** Commits what is written and closes the file. */
  close(): void
}

/** Opens or makes the store in one SQLite file. Throws STORE_FAILED naming the file. */
export function openStore(path: string, durability?: Durability): FileStore {
  return new SqliteStore(openFile(path, KIND, durability), path)
}

class SqliteStore implements FileStore {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #group: GroupCommit
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #count: StatementSync
  readonly #first: StatementSync
  readonly #next: StatementSync

  constructor(db: DatabaseSync, path: string) {
    this.#db = db
    this.#path = path
    this.#group = new GroupCommit(db, path)
    this.#get = db.prepare('SELECT value FROM entries WHERE tab = ? AND key = ?')
    this.#put = db.prepare('INSERT INTO entries (tab, key, value) VALUES (?, ?, ?) ON CONFLICT (tab, key) DO UPDATE SET value = excluded.value')
    this.#delete = db.prepare('DELETE FROM entries WHERE tab = ? AND key = ?')
    this.#count = db.prepare('SELECT count(*) AS n FROM entries WHERE tab = ?')
    // A prefix is a range: no key that begins with it is above it followed by the last code point.
    this.#first = db.prepare('SELECT key, value FROM entries WHERE tab = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?')
    this.#next = db.prepare('SELECT key, value FROM entries WHERE tab = ? AND key > ? AND key < ? ORDER BY key LIMIT ?')
  }

  get(table: string, key: string): Uint8Array | undefined {
    return this.#read(() => this.#get.get(table, key)?.['value'] as Uint8Array | undefined)
  }

  put(table: string, key: string, value: Uint8Array): void {
    this.#group.write(() => this.#put.run(table, key, value))
  }

  delete(table: string, key: string): void {
    this.#group.write(() => this.#delete.run(table, key))
  }

  *entries(
    table: string,
    options: { readonly from?: string; readonly prefix?: string; readonly limit?: number } = {}
  ): Iterable<readonly [string, Uint8Array]> {
    const { from = '', prefix = '', limit = Infinity } = options
    const end = prefix + '\u{10FFFF}'
    let start = from > prefix ? from : prefix
    let page = this.#first
    for (let left = limit; left > 0;) {
      const size = Math.min(PAGE, left)
      const rows = this.#read(() => page.all(table, start, end, size))
      for (const row of rows) yield [row['key'] as string, row['value'] as Uint8Array]
      if (rows.length < size) return
      start = rows.at(-1)?.['key'] as string
      page = this.#next
      left -= rows.length
    }
  }

  count(table: string): number {
    return this.#read(() => Number(this.#count.get(table)?.['n']))
  }

  commit(): Promise<void> {
    return this.#group.commit()
  }

  close(): void {
    if (!this.#db.isOpen) return
    this.#group.flush()
    this.#db.close()
  }

  #read<T>(fn: () => T): T {
    try {
      return fn()
    } catch (thrown) {
      throw storeFailed(this.#path, thrown)
    }
  }
}
