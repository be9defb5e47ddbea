import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { HansaError } from '../../schema/errors.ts'

/** Another process of the operator may read or back up the file; it gets this long before a write gives up. */
const BUSY_MS = 5_000

/** One kind of database file. `schema` brings a file of version n to n + 1 at index n; it grows at the end only. */
export interface FileKind {
  /** Written into the file's header, so that one kind of file is never taken for another. 31 bits. */
  readonly applicationId: number
  readonly schema: readonly string[]
}

/** 16 MiB of pages of 4 KiB. */
const NORMAL_CHECKPOINT_PAGES = 4_096

/** How sure a commit is: on the disk (`full`), or with the next checkpoint (`normal`): a power failure may take the last moments, and nothing else. */
export type Durability = 'full' | 'normal'

/**
 * Opens or makes a database file, readable by its owner only, by default for durable writes: a commit is on the disk, not only in the system's cache. Throws STORE_FAILED naming
 * the file when it is damaged, of another kind, or made by a newer version.
 */
export function openFile(path: string, kind: FileKind, durability: Durability = 'full'): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
    db = new DatabaseSync(path, { timeout: BUSY_MS })
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}; PRAGMA foreign_keys = ON`)
    // What need not be on the disk at once is brought there in larger pieces: each of them is a sync that everything waits for.
    if (durability === 'normal') db.exec(`PRAGMA wal_autocheckpoint = ${NORMAL_CHECKPOINT_PAGES}`)
    migrate(db, path, kind)
    return db
  } catch (thrown) {
    db?.close()
    throw storeFailed(path, thrown)
  }
}

/** What SQLite or the file system threw, as STORE_FAILED naming the file. */
export function storeFailed(path: string, thrown: unknown): HansaError {
  if (thrown instanceof HansaError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new HansaError('STORE_FAILED', `the database ${path} failed: ${reason}`, { path }, thrown)
}

function migrate(db: DatabaseSync, path: string, { applicationId, schema }: FileKind): void {
  const version = pragma(db, 'user_version')
  const found = pragma(db, 'application_id')
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (found !== applicationId && (found !== 0 || tables !== 0)) throw new HansaError('STORE_FAILED', `${path} is a database of another kind`, { path })
  if (version > schema.length) throw new HansaError('STORE_FAILED', `${path} was made by a newer version of Hansa`, { path })
  if (version === schema.length) return
  db.exec(`BEGIN IMMEDIATE; ${schema.slice(version).join(';')}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schema.length}; COMMIT`)
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}
