import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'

/** What `npm run check` does: each check is a command that says its result in its last line and exits with it. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc', '--noEmit', '-p', '.'],
  lint: ['eslint', '-c', 'scripts/config/eslint.config.js', '--max-warnings', '0', 'src', 'test', 'scripts', 'bin'],
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  imports: ['node', 'scripts/check-imports.ts'],
  'dead code': ['knip', '-c', 'scripts/config/knip.json', '--no-config-hints'],
  schema: ['buf', 'lint', '--config', 'scripts/config/buf.yaml'],
  generated: ['node', 'scripts/check-generated.ts'],
  tables: ['node', 'scripts/check-tables.ts'],
  trace: ['node', 'scripts/check-trace.ts'],
  readme: ['node', 'scripts/check-readme.ts'],
  sizes: ['node', 'scripts/check-sizes.ts'],
  docs: ['typedoc', '--options', 'scripts/config/typedoc.config.js', '--emit', 'none'],
  package: ['node', 'scripts/check-package.ts']
}

interface Result {
  readonly ok: boolean
  readonly output: string
  readonly ms: number
}

function run([command = '', ...args]: readonly string[]): Promise<Result> {
  const begin = performance.now()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()))
    const end = (ok: boolean): void => resolve({ ok, output: output.trim(), ms: performance.now() - begin })
    child.on('error', (error) => {
      output += error.message
      end(false)
    })
    child.on('close', (status) => end(status === 0))
  })
}

/** `npm run check -- NAME...` runs some of them. */
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in CHECKS))
if (unknown.length > 0) {
  console.error(`no check named ${unknown.join(', ')}; there are: ${Object.keys(CHECKS).join(', ')}`)
  process.exit(2)
}
if (globSync('node_modules/.bin/tsc').length === 0) {
  console.error('the tools are not here: run npm ci')
  process.exit(1)
}
const names = Object.keys(CHECKS).filter((name) => wanted.length === 0 || wanted.includes(name))
let failed = 0

async function worker(queue: string[]): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const { ok, output, ms } = await run(CHECKS[name] ?? [])
    if (!ok) failed++
    const [last = ''] = output.split('\n').slice(-1)
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${(ms / 1000).toFixed(1).padStart(5)} s  ${ok ? last : ''}`)
    if (!ok) console.log(output.replace(/^/gm, '       '))
  }
}

// Two at a time: the slow ones are single-threaded.
const queue = [...names]
await Promise.all([worker(queue), worker(queue)])
console.log(`check: ${names.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
