import { parseArgs } from 'node:util'
import { line, partition, restarts, type Scenario } from '../test/sim/scenarios.ts'

const SCENARIOS: Readonly<Record<string, Scenario>> = { partition, restarts, line }
const USAGE = `usage: npm run sim [-- --nodes N --seed S --json]   N gateways (3 to 64, default 8), S a whole number`

/** `npm run sim`: gateways on a memory network with a fake clock; the same seed plays the same story. A line per case, with `--json` one JSON object each. */
const { nodes, seed, json } = options()
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const begin = performance.now()
  let simulatedMs = 0
  let error: unknown
  try {
    simulatedMs = (await scenario({ nodes, seed })).clock.monotonic()
  } catch (thrown) {
    error = thrown
    process.exitCode = 1
  }
  const ok = error === undefined
  const ms = Math.round(performance.now() - begin)
  const message = error instanceof Error ? error.message : String(error)
  if (json) console.log(JSON.stringify({ case: name, ok, nodes, seed, ms, simulatedMs, ...(ok ? {} : { error: message }) }))
  else
    console.log(
      `${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${nodes} gateways, seed ${seed}: ${simulatedMs} ms of the sim in ${ms} ms${ok ? '' : `\n${message}`}`
    )
}

function options(): { nodes: number; seed: number; json: boolean } {
  try {
    const { values } = parseArgs({
      options: { nodes: { type: 'string', default: '8' }, seed: { type: 'string', default: '20260101' }, json: { type: 'boolean', default: false } }
    })
    const { nodes, seed } = { nodes: Number(values.nodes), seed: Number(values.seed) }
    if (Number.isInteger(nodes) && nodes >= 3 && nodes <= 64 && Number.isSafeInteger(seed)) return { nodes, seed, json: values.json }
  } catch {
    // An option that does not exist: the usage says which do.
  }
  console.error(USAGE)
  return process.exit(2)
}
