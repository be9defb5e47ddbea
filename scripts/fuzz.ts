import { parseArgs } from 'node:util'
import { fuzzDoors } from '../test/fuzz/doors.ts'
import { fuzz } from '../test/fuzz/fuzz.ts'
import { TARGETS } from '../test/fuzz/targets.ts'
import { X509_TARGETS } from '../test/fuzz/x509-targets.ts'

const USAGE = `usage: npm run fuzz [-- --runs N --x509 X --doors M --seed S --json]   N inputs for each reader (1 to 10,000,000, default 5,000), X for those who
judge certificates, lists and requests in all (default 30,000), M for the doors of a gateway in all (default 10,000), S a whole number; 0 for any leaves it out`

/** `npm run fuzz`: changed inputs for every reader of what strangers send. Each must be read or refused with a HansaError, in bounded time. */
const { runs, x509, doors, seed, json } = options()
/** No certificate, list or request may hold anybody up for longer. */
const MAX_X509_MS = 100
const work = [
  ...TARGETS.map((target) => ({ target, inputs: runs, maxMs: undefined })),
  ...X509_TARGETS.map((target) => ({ target, inputs: Math.ceil(x509 / X509_TARGETS.length), maxMs: MAX_X509_MS }))
]
for (const { target, inputs, maxMs } of work) {
  if (inputs === 0) continue
  const begin = performance.now()
  const { failure, accepted, slowestMs, runs: ran } = fuzz(target, inputs, seed, maxMs)
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

const before = process.memoryUsage().rss
for (const { name, runs: sent, refused, served, failure } of doors === 0 ? [] : await fuzzDoors(doors, seed)) {
  const ok = failure === undefined
  if (!ok) process.exitCode = 1
  const mib = Math.round((process.memoryUsage().rss - before) / 2 ** 20)
  if (json) console.log(JSON.stringify({ case: `door ${name}`, ok, seed, runs: sent, refused, served, rssGrowthMiB: mib, ...(ok ? {} : { error: failure }) }))
  else
    console.log(
      `${ok ? 'ok  ' : 'FAIL'} door ${name.padEnd(12)} ${sent} inputs, ${refused} refused, ${served} served, memory ${mib} MiB more${ok ? '' : `\n${failure}`}`
    )
}
// Clients that were cut off in the middle of a handshake keep timers.
process.exit()

function options(): { runs: number; x509: number; doors: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '5000' },
        x509: { type: 'string', default: '30000' },
        doors: { type: 'string', default: '10000' },
        seed: { type: 'string', default: '20260101' },
        json: { type: 'boolean', default: false }
      }
    })
    const given = { runs: Number(values.runs), x509: Number(values.x509), doors: Number(values.doors) }
    const seed = Number(values.seed)
    for (const [option, count] of Object.entries(given)) if (!Number.isInteger(count) || count < 0 || count > 10_000_000) throw new RangeError(option)
    if (Number.isSafeInteger(seed)) return { ...given, seed, json: values.json }
  } catch {
    // An option that does not exist: the usage says which do.
  }
  console.error(USAGE)
  return process.exit(2)
}
