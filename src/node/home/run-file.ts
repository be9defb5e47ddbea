import { readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { HansaError } from '../../schema/errors.ts'
import { isHeld } from './home-lock.ts'
import type { HomePaths } from './home-paths.ts'
import { PRIVATE, writeFileAtomic } from './write-file.ts'

const runSchema = z.object({
  pid: z.int().positive(),
  /** Milliseconds since the epoch. */
  startedAt: z.int(),
  version: z.string(),
  spiffeId: z.string(),
  peer: z.string(),
  /** Of the admin server: http://127.0.0.1:7401 or unix:/path. */
  admin: z.string(),
  /** Multiaddrs with /p2p/. */
  swarm: z.array(z.string()),
  /** Base URL of the gateway's HTTP ingress, where there is one. */
  ingress: z.string().optional()
})

/** What a running node says of itself to the commands on the same machine (run.json): with port 0, nobody else knows the ports. */
export type RunFile = z.infer<typeof runSchema>

/** Written when all listeners are up. */
export async function writeRunFile(paths: HomePaths, run: RunFile): Promise<void> {
  await writeFileAtomic(paths.run, JSON.stringify(run, undefined, 2) + '\n', PRIVATE)
}

export async function removeRunFile(paths: HomePaths): Promise<void> {
  await rm(paths.run, { force: true })
}

/**
 * Throws NODE_NOT_RUNNING when there is none or the process that wrote it is gone. That is told by the lock of the home, not by the pid: another process may
 * have that now, and a third one the port, which would be sent the token of the home.
 */
export async function readRunFile(paths: HomePaths): Promise<RunFile> {
  const notRunning = (cause?: unknown): HansaError => new HansaError('NODE_NOT_RUNNING', `no node is running in ${paths.dir}`, { home: paths.dir }, cause)
  let run: RunFile
  try {
    run = runSchema.parse(JSON.parse(await readFile(paths.run, 'utf8')))
  } catch (cause) {
    throw notRunning(cause)
  }
  if (!isHeld(paths)) throw notRunning()
  return run
}
