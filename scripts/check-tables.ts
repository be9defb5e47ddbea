import { globSync, readFileSync } from 'node:fs'
import { ERRORS } from '../src/schema/errors.ts'
import { methods } from '../src/wire/methods.ts'

/** The tables that must agree: every method has one handler, every error code a row in every binding, every metric a help line. */
const problems: string[] = []
const sources = (pattern: string): { file: string; text: string }[] => globSync(pattern).map((file) => ({ file, text: readFileSync(file, 'utf8') }))

const handled = new Map<string, string[]>()
for (const { file, text } of sources('src/roles/**/*.ts')) {
  for (const [, method = ''] of text.matchAll(/\bhandle(?:Stream)?\(\s*methods\.(\w+)/g)) handled.set(method, [...(handled.get(method) ?? []), file])
}
for (const method of Object.keys(methods)) {
  const files = handled.get(method) ?? []
  if (files.length !== 1) problems.push(`method ${method} has ${files.length} handlers${files.map((file) => ` ${file}`).join('')}`)
}

// Rows are counted in each table that says it is exhaustive; the compiler holds that too, unless somebody weakens the type.
const tables = sources('{src/wire/binding,src/adapters}/**/*.ts').filter(({ text }) => /(?<!Partial<)Record<ErrorCode,/.test(text))
for (const { file, text } of tables) {
  const missing = Object.keys(ERRORS).filter((code) => !new RegExp(`^\\s*${code}:`, 'm').test(text))
  if (missing.length > 0) problems.push(`${file} has no row for ${missing.join(', ')}`)
}
if (tables.length === 0) problems.push('no binding has a table of error codes')

const CALL = /\.(?:counter|gauge|histogram)\(\s*'(hansa_\w+)'\s*,\s*(?:'([^']*)'|"([^"]*)")?/g
const metrics = sources('src/**/*.ts').flatMap(({ file, text }) =>
  [...text.matchAll(CALL)].map(([, name, single, double]) => ({ file, name, help: single ?? double ?? '' }))
)
for (const { file, name, help } of metrics) if (help.trim() === '') problems.push(`${file}: metric ${name} has no help line`)

for (const problem of problems) console.error(problem)
console.log(
  `tables: ${Object.keys(methods).length} methods, ${Object.keys(ERRORS).length} error codes in ${tables.length} bindings, ${metrics.length} metrics, ${problems.length} problems`
)
process.exitCode = problems.length === 0 ? 0 : 1
