import { runAgent } from '../../../src/cli/host/run-agent.ts'
import { childReady } from '../frame/child-side.ts'

/** A node beside an agent that speaks A2A over HTTP, as `hansa agent run` runs it; says the agent's handle. */
const [home = '', card = ''] = process.argv.slice(2)
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
await runAgent({
  ...{ home, card, capabilities: ['bench/echo'], languages: [], signal: stopping.signal },
  onReady: () => undefined,
  onAttached: ({ handle }) => childReady(handle)
})
process.exit(0)
