import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { HansaError } from '../../schema/errors.ts'
import type { HomePaths } from './home-paths.ts'
import { PRIVATE, writeFileAtomic } from './write-file.ts'

/** What becomes of one file of a home. */
export interface FileChange {
  /** Absolute, within the home. */
  readonly path: string
  /** Undefined: the file is removed. */
  readonly content?: string
  readonly secret?: boolean
}

const journalSchema = z.array(z.strictObject({ path: z.string(), content: z.string().optional(), secret: z.boolean().optional() }))

/**
 * Changes several files of a home, all or none: what is to be done is written down first, in one file, and whoever opens the home after a crash does the rest
 * (`finishChange`). The caller holds the lock of the home.
 */
export async function changeFiles(paths: HomePaths, changes: readonly FileChange[]): Promise<void> {
  const journal = changes.map(({ path, ...change }) => ({ path: relative(paths.dir, path), ...change }))
  // Private as a whole: there may be keys in it.
  await writeFileAtomic(paths.change, JSON.stringify(journal), PRIVATE)
  await finishChange(paths)
}

/** Does what a change that was interrupted has left; nothing when there is none. Throws HOME_MISSING when its journal cannot be read. */
export async function finishChange(paths: HomePaths): Promise<void> {
  if (!existsSync(paths.change)) return
  // One that is there and cannot be read is not passed over: half of it may be done.
  const text = await readFile(paths.change, 'utf8').catch((cause: unknown) => {
    throw unreadable(paths, cause)
  })
  for (const change of readJournal(paths, text)) await apply(paths, change)
  await rm(paths.change, { force: true })
}

function readJournal(paths: HomePaths, text: string): FileChange[] {
  try {
    return journalSchema.parse(JSON.parse(text)).map(({ path, content, secret }) => {
      const absolute = resolve(paths.dir, path)
      if (relative(paths.dir, absolute).startsWith('..')) throw new RangeError('a file outside of the home')
      return { path: absolute, ...(content === undefined ? {} : { content }), ...(secret === undefined ? {} : { secret }) }
    })
  } catch (cause) {
    throw unreadable(paths, cause)
  }
}

function unreadable({ change }: HomePaths, cause: unknown): HansaError {
  return new HansaError('HOME_MISSING', `the change that was begun in ${change} cannot be read`, { file: change }, cause)
}

async function apply(paths: HomePaths, { path, content, secret }: FileChange): Promise<void> {
  if (content !== undefined) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFileAtomic(path, content, secret === true ? PRIVATE : undefined)
    return
  }
  await rm(path, { force: true })
  // A directory that held nothing else goes with its last file.
  if (dirname(path) !== paths.aca.dir) await rmdir(dirname(path)).catch(() => undefined)
}
