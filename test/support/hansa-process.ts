import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type AdminClient, createAdminClient } from '../../src/admin/client.ts'
import { type ConfigOverrides, type InitOptions } from '../../src/node/host.ts'
import { homePaths } from '../../src/node/home/home-paths.ts'
import { readAdminToken } from '../../src/node/home/admin-token.ts'
import { readRunFile, type RunFile } from '../../src/node/home/run-file.ts'
import { initHome } from '../../src/node/init-home.ts'
import { joinHome } from '../../src/node/join-home.ts'
import { until } from './until.ts'

const BINARY = resolve(import.meta.dirname, '../../bin/hansa.js')

/** Loopback and free ports only; heartbeats short enough that a test sees what they find out. */
const ENVIRONMENT = {
  HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSA_GATEWAY_LISTEN: '127.0.0.1:0',
  HANSA_ADMIN_LISTEN: '127.0.0.1:0',
  HANSA_GATEWAY_HEARTBEAT: '500ms',
  HANSA_AGENT_PROBE: '500ms',
  HANSA_LOG_FORMAT: 'json',
  NO_COLOR: '1'
}

export type Env = Readonly<Record<string, string>>

/** A command that has ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** A command that may still run, with what it said until now. */
export interface Running {
  readonly child: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  readonly ended: Promise<Ended>
}

/** A hansa process that serves a home, and its two doors. */
export interface NodeProcess extends Running {
  readonly home: string
  readonly run: RunFile
  readonly admin: AdminClient
  /** First TCP address in the swarm, with /p2p/. */
  readonly address: string
  /** Settings that give it the same ports when it is started again. */
  readonly samePorts: Env
}

/** The hansa processes of one test file in a folder of their own; `end` ends each by its PID and removes the folder. */
export class HansaProcesses {
  readonly dir = mkdtempSync(join(tmpdir(), 'hansa-e2e-'))
  readonly #env: NodeJS.ProcessEnv
  readonly #running = new Set<ChildProcess>()

  constructor(env: Env = {}) {
    this.#env = { ...process.env, ...ENVIRONMENT, ...env }
  }

  path(...names: string[]): string {
    return join(this.dir, ...names)
  }

  /** Starts any command; with `env` added to the environment. */
  start(args: readonly string[], env: Env = {}, input = ''): Running {
    const begun = performance.now()
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', BINARY, ...args], { env: { ...this.#env, ...env }, stdio: 'pipe' })
    assert.ok(child.pid !== undefined, 'no process')
    this.#running.add(child)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    // A command that ended before it read its input is judged by its exit code.
    child.stdin.on('error', () => undefined).end(input)
    const ended = once(child, 'close').then(([code, signal]): Ended => {
      this.#running.delete(child)
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr, ms: performance.now() - begun }
    })
    return { child, pid: child.pid, stdout: () => stdout, stderr: () => stderr, ended }
  }

  /** Runs a command to its end. */
  run(args: readonly string[], given: { readonly input?: string; readonly env?: Env } = {}): Promise<Ended> {
    return this.start(args, given.env, given.input).ended
  }

  /** Runs a command that must succeed; gives what it printed. */
  async text(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args)
    assert.equal(code, 0, `hansa ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  /** As `text` with --json; gives the documents, one for each line. */
  async json<T = Record<string, unknown>>(...args: readonly string[]): Promise<T[]> {
    return documents<T>(await this.text(...args, '--json'))
  }

  /** A home that founds a domain; made in this process, which is faster. */
  async init(name: string, options: Partial<InitOptions> & { readonly domain: string }): Promise<string> {
    const home = this.path(name)
    await initHome({ home, name: 'hub', roles: ['aca', 'ars', 'agw'], ...options })
    return home
  }

  /** A home with the certificate of a member of a running domain. */
  async join(aca: NodeProcess, roles: InitOptions['roles'], name: string, config: ConfigOverrides = {}): Promise<string> {
    const { invite } = await aca.admin.call('invite', { roles: [...roles], name, ttlMs: 60_000, uses: 1 })
    const home = this.path(`${aca.run.spiffeId.split('/')[2]}-${name}`)
    await joinHome({ home, invite, config, signal: AbortSignal.timeout(20_000) })
    return home
  }

  /** Starts a process that serves a home (`up`, or `agent run ...`) and waits until it answers. */
  async node(home: string, command: readonly string[] = ['up'], env: Env = {}): Promise<NodeProcess> {
    const running = this.start([...command, '--home', home], env)
    const paths = homePaths(home)
    const run = await until(
      `${command.join(' ')} of ${home}`,
      async () => {
        if (running.child.exitCode !== null) assert.fail(`hansa ${command.join(' ')} ended with ${running.child.exitCode}: ${running.stderr()}`)
        const found = await readRunFile(paths).catch(() => undefined)
        return found?.pid === running.pid ? found : undefined
      },
      20_000
    )
    const admin = createAdminClient({ address: run.admin, token: await readAdminToken(paths), home })
    const address = run.swarm.find((text) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(text)) ?? ''
    return { ...running, home, run, admin, address, samePorts: samePorts(run, address) }
  }

  /** `agent run` beside a card, attached. */
  async agent(home: string, card: string, ...options: readonly string[]): Promise<NodeProcess> {
    const node = await this.node(home, ['agent', 'run', '--card', card, ...options])
    await until(
      `${home} is attached`,
      () => {
        if (node.child.exitCode !== null) assert.fail(node.stderr())
        return /online /.test(node.stdout())
      },
      15_000
    )
    return node
  }

  /** Ends one process and waits for it. */
  async kill(process: Running, signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended> {
    process.child.kill(signal)
    return process.ended
  }

  /** PIDs of what still runs. */
  pids(): number[] {
    return [...this.#running].flatMap(({ pid }) => pid ?? [])
  }

  async end(): Promise<void> {
    const running = [...this.#running].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const gone = running.map((child) => {
      child.kill('SIGKILL')
      return once(child, 'exit')
    })
    await Promise.all(gone)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Each line of what a command printed with --json. */
export function documents<T = Record<string, unknown>>(text: string): T[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as T)
}

/** Interconnects two gateways as their operators would: each domain's root is listed at the other. */
export async function interconnect(from: NodeProcess, to: NodeProcess): Promise<void> {
  const [there, here] = await Promise.all([rootOf(to), rootOf(from)])
  // The first may be refused, since the other side does not list this domain; it does after its own connect.
  const first = await from.admin.call('connect', { address: to.address, root: there }).catch(() => undefined)
  if (first === undefined) {
    await to.admin.call('connect', { address: from.address, root: here }).catch(() => undefined)
    await from.admin.call('connect', { address: to.address, root: there })
  }
}

/** Fingerprint of the root of a node's own domain. */
export async function rootOf(node: NodeProcess): Promise<string> {
  const { domains } = await node.admin.call('roots', {})
  const root = domains.find(({ own }) => own)?.roots[0]?.sha256
  assert.ok(root !== undefined)
  return root
}

function samePorts(run: RunFile, address: string): Env {
  return {
    HANSA_SWARM_LISTEN: address.replace(/\/p2p\/.*/, ''),
    HANSA_ADMIN_LISTEN: run.admin.replace('http://', ''),
    ...(run.ingress === undefined ? {} : { HANSA_GATEWAY_LISTEN: run.ingress.replace('http://', '') })
  }
}
