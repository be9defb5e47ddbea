import { parseArgs } from 'node:util'
import { killOrchestrator } from '../test/chaos/orchestrator-kills.ts'

const USAGE = `usage: npm run chaos [-- --kills N --seed S --json]   N kills of the orchestrator (1 to 10,000, default 20), S a whole number`

/** `npm run chaos`: processes that are killed at random points of their work, and what came of it. A line per case, with `--json` one JSON object each. */
const { kills, seed, json } = options()
const begin = performance.now()
try {
  const report = await killOrchestrator(kills, seed, ({ round, killedAt, finishedBefore }) => {
    if (!json) console.log(`     kill ${round} after ${killedAt} ms, ${finishedBefore} steps done by then`)
  })
  const ms = Math.round(performance.now() - begin)
  if (json) console.log(JSON.stringify({ case: 'orchestrator', ok: true, seed, ms, ...report }))
  else
    console.log(
      `ok   orchestrator  killed ${kills} times, ${report.inTheMiddle} in the middle of its graph, seed ${seed}: every graph came to its result, ` +
        `each of ${report.steps} steps was done once (${report.taken} messages) in ${ms} ms`
    )
} catch (error) {
  process.exitCode = 1
  const message = error instanceof Error ? error.message : String(error)
  console.log(json ? JSON.stringify({ case: 'orchestrator', ok: false, seed, error: message }) : `FAIL orchestrator  seed ${seed}\n${message}`)
}

function options(): { kills: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '20260101' }, json: { type: 'boolean', default: false } }
    })
    const { kills, seed } = { kills: Number(values.kills), seed: Number(values.seed) }
    if (Number.isInteger(kills) && kills >= 1 && kills <= 10_000 && Number.isSafeInteger(seed)) return { kills, seed, json: values.json }
  } catch {
    // An option that does not exist: the usage says which do.
  }
  console.error(USAGE)
  return process.exit(2)
}
