import { stat } from 'node:fs/promises'
import { toHansaError } from '../../schema/errors.ts'
import { inspectDates, inspectKeys } from '../authority/inspect-authority.ts'
import { loadReading } from '../config/load-config.ts'
import { formatProblem } from '../config/problem.ts'
import { unknownVariables } from '../config/read-config.ts'
import { homePaths, inHome } from './home-paths.ts'
import { readNodeSeed } from './node-key.ts'
import { readAdminToken } from './admin-token.ts'
import { readSwarmKey } from './swarm-key.ts'

export interface HomeCheck {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
  readonly hint?: string
}

/** What `hansa doctor` can see of a home without a running node. Never throws. */
export async function inspectHome(dir: string, env: Readonly<Record<string, string | undefined>>): Promise<HomeCheck[]> {
  const paths = homePaths(dir)
  const checks: HomeCheck[] = []
  const check = async (name: string, look: () => Promise<string>): Promise<void> => {
    try {
      checks.push({ check: name, ok: true, detail: await look() })
    } catch (thrown) {
      const error = toHansaError(thrown)
      checks.push({ check: name, ok: false, detail: error.message, hint: error.hint })
    }
  }

  let swarmKey = 'swarm.key'
  await check('home', async () => {
    await stat(paths.config).catch(() => loadReading(paths.config))
    return paths.dir
  })
  if (checks.some(({ ok }) => !ok)) return checks
  const reading = await loadReading(paths.config, env)
  if (reading.config === undefined)
    for (const problem of reading.problems)
      checks.push({ check: 'config', ok: false, detail: formatProblem(problem), hint: 'Correct the file at the line named.' })
  else {
    swarmKey = reading.config.swarm.key
    const unknown = unknownVariables(env)
    checks.push({
      check: 'config',
      ok: true,
      detail: unknown.length === 0 ? 'every key is known and possible' : `variables that are no settings: ${unknown.join(', ')}`
    })
  }
  await check('key', async () => {
    await readNodeSeed(paths)
    return 'Ed25519, closed to others'
  })
  if (swarmKey !== 'public')
    await check('swarm key', async () => {
      await readSwarmKey(inHome(paths, swarmKey))
      return 'private swarm, closed to others'
    })
  await check('admin token', async () => {
    await readAdminToken(paths)
    return 'closed to others'
  })
  if (reading.config?.roles.includes('aca') === true) {
    const { domain } = reading.config
    await check('authority', () => inspectKeys(paths, domain))
    await check('root', () => inspectDates(paths, domain, Date.now()))
  }
  return checks
}
