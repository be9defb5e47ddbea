import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Bench, type Figure, Report } from '../test/bench/frame/report.ts'

/** `npm run bench [-- NAME... --json]`: runs the files test/bench/*.bench.ts; a table, or one JSON line per figure. */
const args = process.argv.slice(2)
const json = args.includes('--json')
const wanted = args.filter((arg) => !arg.startsWith('-'))
const files = globSync('test/bench/*.bench.ts').sort()
const benches = await Promise.all(files.map(async (file) => (await import(pathToFileURL(resolve(file)).href)) as Bench))
const unknown = wanted.filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  console.error(`no bench named ${unknown.join(', ')}; there are: ${benches.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

for (const bench of benches.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const report = new Report(bench.name)
  try {
    await bench.run(report)
  } catch (error) {
    console.error(`${bench.name}: ${error instanceof Error ? error.stack : String(error)}`)
    process.exitCode = 1
  }
  if (json) for (const figure of report.figures) console.log(JSON.stringify(figure))
  else console.log(table(report.figures))
}

function table(figures: readonly Figure[]): string {
  const rows = [
    ['bench', 'case', 'metric', 'value', 'unit', 'ratio'],
    ...figures.map(({ bench, case: name, metric, value, unit, ratio, baseline }) => [
      bench,
      name,
      metric,
      String(value),
      unit,
      ratio === undefined ? '' : `${ratio} x ${baseline}`
    ])
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}
