import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'

interface Cruise {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[]
  }
  readonly modules: readonly { readonly source: string }[]
}

/** Names that say nothing of what is inside. */
const FORBIDDEN = /^(utils?|helpers?|common|misc|shared)$/

const { stdout, stderr } = spawnSync(
  'depcruise',
  ['src', ...globSync('bin/*.js'), '--config', 'scripts/config/dependency-cruiser.cjs', '--output-type', 'json'],
  {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024
  }
)
if (stdout === '') throw new Error(`dependency-cruiser said nothing: ${stderr}`)
const cruise = JSON.parse(stdout) as Cruise
const modules = cruise.modules.filter(({ source }) => source.startsWith('src/')).length
const problems = cruise.summary.violations.map(({ from, to, rule }) => `${from} may not import ${to} (${rule.name})`)

for (const file of globSync('{src,test,scripts,bin}/**/*.*')) {
  const words = [...dirname(file).split('/'), basename(file).replace(/\..*$/, '')]
  const word = words.find((candidate) => FORBIDDEN.test(candidate))
  if (word !== undefined) problems.push(`${file}: '${word}' does not say what is inside; name it for its idea`)
  if (/^src\/.+\/index\.[jt]s$/.test(file)) problems.push(`${file}: no barrels but src/index.ts`)
}

for (const problem of problems) console.error(problem)
// A cruise of nothing also finds nothing: a compiler it cannot load makes it skip every .ts file.
if (modules === 0) console.error('dependency-cruiser saw no modules: is `typescript` a version that it can load?')
console.log(`import rules: ${modules} modules, ${problems.length} violations`)
process.exitCode = modules > 0 && problems.length === 0 ? 0 : 1
