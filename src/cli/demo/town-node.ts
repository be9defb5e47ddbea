import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AdminClient, createAdminClient } from '../../admin/client.ts'
import { homePaths } from '../../node/home/home-paths.ts'
import { readAdminToken } from '../../node/home/admin-token.ts'
import { readRunFile, type RunFile } from '../../node/home/run-file.ts'
import { NotHeld, until } from './story.ts'
import { type Programs, stop } from './program.ts'

/** One node of the demo: its home, its process, and the two doors it is seen through. */
export interface TownNode {
  readonly home: string
  readonly run: RunFile
  /** The operator's door. */
  readonly admin: AdminClient
  readonly process: ChildProcess
  /** First address in the swarm, with /p2p/. */
  readonly address: string
  stop(): Promise<void>
}

/** Starts a hansa process that serves a home (`up`, `agent run`) and waits until it answers. */
export async function startNode(programs: Programs, home: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<TownNode> {
  const log = `${home}.log`
  const child = programs.start([...command, '--home', home], log, env)
  const paths = homePaths(home)
  const run = await until(`${command.join(' ')} of ${home}`, 20_000, async () => {
    if (child.exitCode !== null)
      throw new NotHeld(`hansa ${command.join(' ')} of ${home} ended with ${child.exitCode}: ${(await readFile(log, 'utf8')).trim().slice(-1000)}`)
    return readRunFile(paths).catch(() => undefined)
  })
  const admin = createAdminClient({ address: run.admin, token: await readAdminToken(paths), home })
  const address = run.swarm.find((text) => text.includes('/ip4/127.0.0.1/tcp/') && !text.includes('/ws')) ?? run.swarm[0] ?? ''
  return { home, run, admin, process: child, address, stop: () => stop(child) }
}

/** A home from an invite that the domain's ACA node makes. */
export async function joinDomain(programs: Programs, aca: TownNode, dir: string, role: string, name: string): Promise<string> {
  const { invite } = await programs.json(['invite', '--home', aca.home, '--role', role, '--name', name])
  const home = join(dir, name)
  await programs.json(['join', '-', '--home', home], String(invite))
  return home
}
