import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Longest time that a program may take, in milliseconds. */
const PATIENCE_MS = 60_000

export interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** True when a program can be told a name of its own: only where a mount namespace may be made. */
export function canHaveHosts(): boolean {
  return spawnSync('unshare', ['--mount', 'true']).status === 0
}

/** Runs a program to its end, whatever it ends with. */
export function runTool(
  program: string,
  args: readonly string[],
  { env = {}, input = '' }: { env?: NodeJS.ProcessEnv; input?: string | Uint8Array } = {}
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, ...env }, timeout: PATIENCE_MS })
    let out = ''
    let error = ''
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString('latin1')))
    child.stderr.on('data', (piece: Buffer) => (error += piece.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, out, error }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** Runs a program that cannot be told where a name leads: it sees a hosts file of its own, in which the name is this machine. */
export function runWithHost(dir: string, name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const hosts = join(dir, 'hosts')
  writeFileSync(hosts, `127.0.0.1 localhost ${name}\n`)
  const script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
  return runTool('unshare', ['--mount', 'sh', '-c', script, 'sh', hosts, program, ...args], { env })
}
