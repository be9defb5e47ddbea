import { join } from 'node:path'
import { type AdminClient, createAdminClient } from '../../../src/admin/client.ts'
import { homePaths } from '../../../src/node/home/home-paths.ts'
import { readAdminToken } from '../../../src/node/home/admin-token.ts'
import type { RunFile } from '../../../src/node/home/run-file.ts'
import { initHome } from '../../../src/node/init-home.ts'
import { joinHome } from '../../../src/node/join-home.ts'
import { type BenchProcess, startChild } from '../frame/child-process.ts'
import { benchConfig } from './config.ts'

/** One domain: its gateway, which is its authority and its registration server too. */
export interface Domain {
  readonly gateway: BenchProcess
  readonly run: RunFile
  readonly admin: AdminClient
  /** Enrols a node of this domain, which records sessions unless it is told not to; returns its home. */
  join(name: string, intraDomain?: 'direct' | 'gateway', record?: boolean): Promise<string>
}

/** Founds `label`.example in `dir` and starts its gateway; with an invite in the swarm of another domain. */
export async function foundDomain(dir: string, label: string, swarmInvite?: string): Promise<Domain> {
  const home = join(dir, label)
  const domain = `${label}.example`
  await initHome({
    home,
    domain,
    name: 'gw1',
    roles: ['aca', 'ars', 'agw'],
    config: benchConfig('direct'),
    ...(swarmInvite === undefined ? {} : { swarmInvite })
  })
  const gateway = await startChild(`gateway ${label}`, new URL('../servers/hansa-node.ts', import.meta.url), [home])
  const run = JSON.parse(gateway.ready) as RunFile
  const admin = createAdminClient({ address: run.admin, token: await readAdminToken(homePaths(home)), home })
  return {
    gateway,
    run,
    admin,
    async join(name, intraDomain = 'direct', record = true) {
      const { invite } = await admin.call('invite', { roles: ['agent'], name, ttlMs: 60_000, uses: 1 })
      const member = join(dir, `${label}-${name}`)
      await joinHome({ home: member, invite, config: benchConfig(intraDomain, record), signal: AbortSignal.timeout(15_000) })
      return member
    }
  }
}
