import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Builds, and looks at the package as a stranger gets it: publint accepts it, it imports, no .ts import is left in it, the command starts. */
execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
execFileSync('publint', ['--strict', '--pack', 'npm'], { stdio: 'inherit' })
const left = globSync('dist/**/*.js').filter((file) => /\b(?:from|import)\s*\(?\s*'\.[^']*\.ts'/.test(readFileSync(file, 'utf8')))
if (left.length > 0) throw new Error(`imports of .ts files are left in ${left.join(', ')}`)
if (!existsSync('dist/cli/main.js')) throw new Error('dist/cli/main.js is missing: bin/hansa.js would not start')
const api: object = await import(pathToFileURL(resolve('dist/index.js')).href)
const names = Object.keys(api)
if (names.length === 0) throw new Error('dist/index.js exports nothing')
const { main } = (await import(pathToFileURL(resolve('dist/cli/main.js')).href)) as { main?: unknown }
if (typeof main !== 'function') throw new Error('dist/cli/main.js has no main()')
console.log(`package: builds, imports, exports ${names.join(', ')}`)
