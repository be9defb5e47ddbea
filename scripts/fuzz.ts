import { parseArgs } from 'node:util'
import { fuzz } from '../test/fuzz/fuzz.ts'
import { TARGETS } from '../test/fuzz/targets.ts'

const USAGE = `usage: npm run fuzz [-- --runs N --seed S --json]   N inputs for each reader (1 to 10,000,000, default 5,000), S a whole number`

/** `npm run fuzz`: changed inputs for every reader of what strangers send. Each must be read or refused with a HansaError, in bounded time. */
const { runs, seed, json } = options()
for (const target of TARGETS) {
  const begin = performance.now()
  const { failure, accepted, slowestMs, runs: ran } = fuzz(target, runs, seed)
  const ok = failure === undefined
  if (!ok) process.exitCode = 1
  const ms = Math.round(performance.now() - begin)
  const slowest = Number(slowestMs.toFixed(1))
  if (json) console.log(JSON.stringify({ case: target.name, ok, seed, runs: ran, accepted, slowestMs: slowest, ms, ...(ok ? {} : { error: failure }) }))
  else
    console.log(
      `${ok ? 'ok  ' : 'FAIL'} ${target.name.padEnd(16)} ${ran} inputs, ${accepted} read, slowest ${slowest} ms, seed ${seed}${ok ? '' : `\n${failure}`}`
    )
}

function options(): { runs: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: { runs: { type: 'string', default: '5000' }, seed: { type: 'string', default: '20260101' }, json: { type: 'boolean', default: false } }
    })
    const { runs, seed } = { runs: Number(values.runs), seed: Number(values.seed) }
    if (Number.isInteger(runs) && runs >= 1 && runs <= 10_000_000 && Number.isSafeInteger(seed)) return { runs, seed, json: values.json }
  } catch {
    // An option that does not exist: the usage says which do.
  }
  console.error(USAGE)
  return process.exit(2)
}
