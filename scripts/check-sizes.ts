import { globSync, readFileSync } from 'node:fs'

const LIMIT = 250

/** Reports files that have grown long. A report, not a gate: a table may be long and still be one idea. */
const long = globSync('{src,test,scripts,bin}/**/*.{ts,js,cjs,proto}')
  .filter((file) => !file.includes('/generated/'))
  .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
  .filter(({ lines }) => lines > LIMIT)
  .sort((a, b) => b.lines - a.lines)

for (const { file, lines } of long) console.log(`${lines} ${file}`)
console.log(`sizes: ${long.length} files over ${LIMIT} lines`)
