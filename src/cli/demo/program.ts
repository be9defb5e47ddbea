import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { HansaError, isErrorCode } from '../../schema/errors.ts'
import { NotHeld, until } from './story.ts'

/** The same relative to the source and to the build. */
const BINARY = fileURLToPath(new URL('../../../bin/hansa.js', import.meta.url))

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Starts programs, remembers them, and ends what it started. */
export class Programs {
  readonly #env: NodeJS.ProcessEnv
  readonly #running = new Set<ChildProcess>()
  #stopped = false

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...process.env, ...env }
  }

  /** Runs a hansa command to its end. */
  async hansa(args: readonly string[], input = ''): Promise<Outcome> {
    const child = this.#spawn([BINARY, ...args], 'pipe')
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    // A command that ended before it read all of its input is judged by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
    const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 1)))
    return { code, stdout, stderr }
  }

  /** Runs a hansa command and returns its JSON document; throws its error. */
  async json(args: readonly string[], input = ''): Promise<Record<string, unknown>> {
    const outcome = await this.hansa([...args, '--json'], input)
    if (outcome.code !== 0) throw errorIn(outcome, args)
    return JSON.parse(outcome.stdout) as Record<string, unknown>
  }

  /** Starts a hansa command that stays; what it says goes to `log`, which outlives this process. */
  start(args: readonly string[], log: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
    return this.#start([BINARY, ...args], log, log, env)
  }

  #start(args: readonly string[], log: string, stdout: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
    const files = [openSync(stdout, 'a'), openSync(log, 'a')] as const
    try {
      return this.#spawn(args, ['ignore', ...files], env)
    } finally {
      for (const file of files) closeSync(file)
    }
  }

  /** Starts an agent of the demo, a program of its own that says one JSON document when it is ready; the rest goes to `log`. */
  async agent(name: string, log: string, args: readonly string[] = []): Promise<{ child: ChildProcess; said: Record<string, unknown> }> {
    const said = `${log}.said`
    const child = this.#start([fileURLToPath(new URL(`./agents/${name}${extname(import.meta.url)}`, import.meta.url)), ...args], log, said)
    const line = await until(`the agent ${name}`, 20_000, async () => {
      if (child.exitCode !== null) throw new NotHeld(`the agent ${name} ended with ${child.exitCode}: ${(await readFile(log, 'utf8')).slice(-1000)}`)
      const [first = '', ...more] = (await readFile(said, 'utf8')).split('\n')
      return more.length > 0 && first
    })
    return { child, said: JSON.parse(line) as Record<string, unknown> }
  }

  /** Ends everything: gently, then by force. Nothing can be started any more. */
  async stopAll(): Promise<void> {
    this.#stopped = true
    const ended = [...this.#running].map((child) => stop(child))
    await Promise.all(ended)
  }

  /** Leaves everything running when this process ends; returns the PIDs. */
  release(): number[] {
    const pids = [...this.#running].flatMap((child) => child.pid ?? [])
    for (const child of this.#running) child.unref()
    this.#running.clear()
    return pids
  }

  #spawn(args: readonly string[], stdio: StdioOptions, env: Readonly<Record<string, string>> = {}): ChildProcess {
    if (this.#stopped) throw new HansaError('CANCELED', 'the demo is being stopped')
    // A group of its own: a Ctrl-C at the terminal is for the demo, which then stops its programs in order.
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      env: { ...this.#env, ...env },
      stdio,
      detached: true
    })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    return child
  }
}

/** SIGTERM, and SIGKILL when it has not ended after 8 s (a node drains for at most 5). */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 8_000)
  await gone
  clearTimeout(force)
}

function errorIn(outcome: Outcome, args: readonly string[]): Error {
  for (const line of outcome.stderr.split('\n').reverse()) {
    try {
      const shape = JSON.parse(line) as { error?: { code?: string; message?: string; metadata?: Record<string, string> } }
      const { code = '', message = '', metadata = {} } = shape.error ?? {}
      if (isErrorCode(code)) return new HansaError(code, message, metadata)
    } catch {
      // Not the error line.
    }
  }
  return new Error(`hansa ${args.slice(0, 2).join(' ')} ended with ${outcome.code}: ${outcome.stderr.trim().slice(-500)}`)
}
