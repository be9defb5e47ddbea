import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'

export interface HomeLock {
  /** Gives the home free; twice does no harm. */
  release(): void
}

/** SQLite's result code for "somebody else holds the lock". */
const SQLITE_BUSY = 5

/** `isHeld` looks for a moment, and a node that starts at that moment waits for it. */
const WAIT_MS = 200

/**
 * Takes a home for this process alone. The lock is an exclusive transaction on an empty SQLite database: the kernel drops it when the process ends in
 * whatever way, so nothing is left to clean up after kill -9, and a pid that was given to another process cannot mislead.
 * @throws HOME_LOCKED naming the pid of the holder; HOME_MISSING when there is no such directory
 */
export function lockHome(paths: HomePaths): HomeLock {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(paths.lock, { timeout: WAIT_MS })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (!isBusy(cause)) throw new HansaError('HOME_MISSING', `cannot lock the home ${paths.dir}`, {}, cause)
    const pid = readHolder(paths)
    throw new HansaError('HOME_LOCKED', `another process (pid ${pid}) is using the home ${paths.dir}`, { pid }, cause)
  }
  const held = database
  writeFileSync(paths.pid, `${process.pid}\n`)
  let open = true
  return {
    release() {
      if (!open) return
      open = false
      rmSync(paths.pid, { force: true })
      held.close()
    }
  }
}

/** True while some process, this one too, uses the home. */
export function isHeld(paths: HomePaths): boolean {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(paths.lock, { readOnly: true, timeout: 0 })
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    return isBusy(error)
  } finally {
    database?.close()
  }
}

function readHolder(paths: HomePaths): string {
  try {
    return /^\d{1,10}/.exec(readFileSync(paths.pid, 'utf8'))?.[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
