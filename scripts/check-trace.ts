import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { SECTIONS } from './config/draft-sections.ts'

/** Every section of the draft is named by a doc comment in the source, `(draft 3.4.2)`, and has a test file `test/draft/3.4.2-*.test.ts`. */
const named = new Map<string, number>()
for (const file of globSync('src/**/*.{ts,proto}')) {
  if (file.includes('/generated/')) continue
  for (const [comment] of readFileSync(file, 'utf8').matchAll(/\/\*\*[\s\S]*?\*\/|\/\/.*/g)) {
    for (const [, list = ''] of comment.matchAll(/\(draft ([^)]*)\)/g)) {
      for (const [section] of list.matchAll(/\d+(\.\d+)+/g)) named.set(section, (named.get(section) ?? 0) + 1)
    }
  }
}
const tests = globSync('test/draft/*.test.ts').map((file) => basename(file))
const problems: string[] = []
for (const [section, title] of Object.entries(SECTIONS)) {
  if (!named.has(section)) problems.push(`draft ${section} ${title}: no source names it`)
  const file = tests.find((name) => name.startsWith(`${section}-`))
  if (file === undefined) problems.push(`draft ${section} ${title}: no test (test/draft/${section}-*.test.ts)`)
  else if (!/\bit\(/.test(readFileSync(`test/draft/${file}`, 'utf8'))) problems.push(`draft ${section} ${title}: ${file} tests nothing`)
}
for (const test of tests) if (!Object.keys(SECTIONS).some((section) => test.startsWith(`${section}-`))) problems.push(`test/draft/${test}: names no section`)

for (const problem of problems) console.error(problem)
const count = Object.keys(SECTIONS).length
const without = (words: string): number => problems.filter((problem) => problem.includes(words)).length
console.log(`draft sections: ${count}, without a source: ${without('no source')}, without a test: ${without('no test') + without('tests nothing')}`)
process.exitCode = problems.length === 0 ? 0 : 1
