import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../support/until.ts'

/** Where Debian puts the server, which is not on everybody's PATH. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`

/** True when the program is installed; a test that needs it says so when it is not. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { env: { PATH }, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A mosquitto of our own on a free loopback port. */
export async function startMosquitto(): Promise<{ readonly port: number; stop(): Promise<void>; restart(): Promise<void> }> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'hansa-mosquitto-'))
  const file = join(dir, 'mosquitto.conf')
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\nuser root\n`)
  let child: ChildProcess
  async function begin(): Promise<void> {
    child = spawn('mosquitto', ['-c', file], { env: { PATH }, stdio: 'ignore' })
    await until('mosquitto listens', () => canConnect(port))
  }
  async function end(): Promise<void> {
    if (child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }
  await begin()
  return {
    port,
    async restart() {
      await end()
      await begin()
    },
    async stop() {
      await end()
      rmSync(dir, { recursive: true, force: true })
    }
  }
}

/** Runs a program to its end; what it printed. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH } })
    let out = ''
    let error = ''
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (error += piece.toString()))
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(`${program} ended with ${code}: ${error}`))))
    child.stdin.end(input)
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
