import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { HansaError } from '../../schema/errors.ts'
import { finishChange } from '../home/file-changes.ts'
import { lockHome } from '../home/home-lock.ts'
import { homePaths, type HomePaths } from '../home/home-paths.ts'
import { type AuthorityFiles, readAuthority } from './authority-files.ts'

/** The authority of a home that nobody else uses meanwhile. */
export interface OpenAuthority {
  readonly paths: HomePaths
  readonly config: Config
  readonly files: AuthorityFiles
}

/** Runs `work` with the home locked; see AuthorityDesk for what it throws. */
export async function withAuthority<T>(home: string, work: (authority: OpenAuthority) => Promise<T>): Promise<T> {
  const paths = homePaths(home)
  const config = await loadConfig(paths.config)
  if (!config.roles.includes('aca')) throw new HansaError('ROLE_MISSING', `the node of ${paths.dir} is no certificate authority`, { role: 'aca' })
  const lock = lockHome(paths)
  try {
    await finishChange(paths)
    return await work({ paths, config, files: await readAuthority(paths) })
  } finally {
    lock.release()
  }
}
