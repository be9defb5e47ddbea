import { serve } from '../../../src/cli/host/up.ts'
import { childReady } from '../frame/child-side.ts'

/** The node of a home, as `hansa up` runs it; says its run file. */
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
await serve({ home: process.argv[2] ?? '' }, stopping.signal, (_node, run) => {
  childReady(JSON.stringify(run))
  return Promise.resolve()
})
process.exit(0)
