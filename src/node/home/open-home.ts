import type { KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { HansaError } from '../../schema/errors.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { homePaths, type HomePaths, inHome } from './home-paths.ts'
import { readNodeKey } from './node-key.ts'
import { readSecretFile } from './secret-file.ts'
import { readSwarmKey } from './swarm-key.ts'

/** A home as a node needs it. */
export interface Home {
  readonly paths: HomePaths
  readonly config: Config
  readonly key: KeyObject
  /** libp2p's text form; undefined in a public swarm. */
  readonly swarmKey: string | undefined
  readonly adminToken: string
  /** Own chain, PEM; undefined before enrolment. */
  readonly chainPem: string | undefined
  /** From an invite that has not been used yet. */
  readonly voucher: string | undefined
  /** Absolute path of a path in the config. */
  resolve(path: string): string
}

/** Reads a whole home; locks nothing. Throws HOME_MISSING, CONFIG_INVALID, KEY_MISSING, KEY_EXPOSED. */
export async function openHome(dir: string, env?: Readonly<Record<string, string | undefined>>): Promise<Home> {
  const paths = homePaths(dir)
  const config = await loadConfig(paths.config, env)
  const key = await readNodeKey(paths)
  const swarmKey = config.swarm.key === 'public' ? undefined : await readSwarmKey(inHome(paths, config.swarm.key))
  return {
    paths,
    config,
    key,
    swarmKey,
    adminToken: await readAdminToken(paths),
    chainPem: await readIfThere(paths.chain, (path) => readFile(path, 'utf8')),
    voucher: await readIfThere(paths.voucher, (path) => readSecretFile(path, 'the voucher')),
    resolve: (path) => inHome(paths, path)
  }
}

/** Throws KEY_MISSING, KEY_EXPOSED. */
export async function readAdminToken(paths: HomePaths): Promise<string> {
  const token = (await readSecretFile(paths.adminToken, 'the token of the admin server')).trim()
  // 43 characters are 32 bytes in base64url: less was not written by us.
  if (token.length < 43) throw new HansaError('KEY_MISSING', `the token of the admin server is too short: ${paths.adminToken}`, { file: paths.adminToken })
  return token
}

async function readIfThere(path: string, read: (path: string) => Promise<string>): Promise<string | undefined> {
  try {
    return (await read(path)).trim() || undefined
  } catch (error) {
    if (error instanceof HansaError ? error.code === 'KEY_MISSING' : isAbsent(error)) return undefined
    throw error
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
