import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

// As long as CI gives the demo by itself.
const DEMO_TIMEOUT_MS = 180_000
const COMMAND_TIMEOUT_MS = 20_000

/**
 * Builds, packs, and uses the package as a stranger would, beside its declared dependencies and nothing else: publint accepts it, it imports, the
 * TypeScript of the README compiles against its types, the command founds a node, and the demo runs from it.
 */
execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
execFileSync('publint', ['--strict', '--pack', 'npm'], { stdio: 'inherit' })
const left = globSync('dist/**/*.js').filter((file) => /\b(?:from|import)\s*\(?\s*'\.[^']*\.ts'/.test(readFileSync(file, 'utf8')))
if (left.length > 0) throw new Error(`imports of .ts files are left in ${left.join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'hansa-package-'))
const run = (command: string, args: readonly string[], timeout = COMMAND_TIMEOUT_MS): string => {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', timeout, stdio: ['ignore', 'pipe', 'inherit'] })
}
try {
  install()
  const names = run('node', ['--input-type=module', '-e', "console.log(Object.keys(await import('hansa')).join(', '))"]).trim()
  const blocks = compileReadme()
  const binary = join(folder, 'node_modules/hansa/bin/hansa.js')
  if (!run('node', [binary, '--help']).startsWith('Usage: hansa')) throw new Error('hansa --help does not say how it is used')
  const made = JSON.parse(run('node', [binary, 'init', '--home', join(folder, 'home'), '--domain', 'a.example', '--json'])) as { spiffeId: string }
  if (!made.spiffeId.startsWith('spiffe://a.example/')) throw new Error(`hansa init made ${made.spiffeId}`)
  const steps = run('node', [binary, 'demo', '--json'], DEMO_TIMEOUT_MS).trim().split('\n').length
  console.log(`package: exports ${names}; README programs that compile: ${blocks}; hansa init and the demo (${steps} steps) run from the tarball`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Unpacks the tarball beside links to the dependencies that package.json declares: what is missing there is missing for a stranger. */
function install(): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'hansa'), { recursive: true })
  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? ''
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', 'node_modules/hansa'])
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'hansa/package.json'), 'utf8')) as { dependencies: Record<string, string> }
  // The types of Node are the one thing that a program in TypeScript brings itself.
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(resolve('node_modules', name), join(modules, name))
  }
}

/** Type-checks each TypeScript block of the README as a program of its own; returns how many there are. */
function compileReadme(): number {
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```ts[^\n]*\n([\s\S]*?)^```/gm)].map(([, text = '']) => text)
  const files = blocks.map((text, index) => {
    const file = join(folder, `block${index}.mts`)
    writeFileSync(file, text)
    return file
  })
  if (files.length === 0) throw new Error('the README shows no TypeScript')
  run('tsc', ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node', ...files])
  return files.length
}
