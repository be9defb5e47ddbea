import { readFile } from 'node:fs/promises'
import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { readAdminToken } from './admin-token.ts'
import { homePaths, type HomePaths, inHome } from './home-paths.ts'
import { readNodeSeed } from './node-key.ts'
import { readSwarmKey } from './swarm-key.ts'

/** A home as a node needs it. */
export interface Home {
  readonly paths: HomePaths
  readonly config: Config
  /** Of the node's Ed25519 key, 32 bytes. */
  readonly seed: Uint8Array
  /** libp2p's text form; undefined in a public swarm. */
  readonly swarmKey: string | undefined
  readonly adminToken: string
  /** Own chain, PEM; undefined before enrolment. */
  readonly chainPem: string | undefined
  /** Absolute path of a path in the config. */
  resolve(path: string): string
}

/** Reads a whole home; locks nothing. Throws HOME_MISSING, CONFIG_INVALID, KEY_MISSING, KEY_EXPOSED. */
export async function openHome(dir: string, env?: Readonly<Record<string, string | undefined>>): Promise<Home> {
  const paths = homePaths(dir)
  const config = await loadConfig(paths.config, env)
  const seed = await readNodeSeed(paths)
  const swarmKey = config.swarm.key === 'public' ? undefined : await readSwarmKey(inHome(paths, config.swarm.key))
  return {
    paths,
    config,
    seed,
    swarmKey,
    adminToken: await readAdminToken(paths),
    chainPem: await readChain(paths),
    resolve: (path) => inHome(paths, path)
  }
}

async function readChain(paths: HomePaths): Promise<string | undefined> {
  try {
    return await readFile(paths.chain, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
