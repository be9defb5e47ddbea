import { writeFile } from 'node:fs/promises'
import { homePaths } from '../../src/node/home/home-paths.ts'
import { generateSwarmKey } from '../../src/node/home/swarm-key.ts'
import type { Env, HansaProcesses } from './hansa-process.ts'

/** A founded domain whose node is not up yet. */
export interface Founded {
  readonly domain: string
  readonly home: string
  /** Lists all the others, by their root. */
  readonly trust: Env
}

/** Founds domains in one swarm, each listing all others, without any of them running: what their operators could do by exchanging files. */
export async function foundDomains(hansa: HansaProcesses, ...domains: readonly string[]): Promise<Founded[]> {
  const swarmKey = generateSwarmKey()
  const founded = await Promise.all(
    domains.map(async (domain) => {
      const home = await hansa.init(domain, { domain })
      await writeFile(homePaths(home).swarmKey, swarmKey, { mode: 0o600 })
      return { domain, home }
    })
  )
  return founded.map(({ domain, home }) => {
    const others = founded.filter((other) => other.domain !== domain)
    const listed = Object.fromEntries(others.map((other) => [other.domain, { roots: [homePaths(other.home).aca.root] }]))
    return { domain, home, trust: { HANSA_TRUST_DOMAINS: JSON.stringify(listed) } }
  })
}
