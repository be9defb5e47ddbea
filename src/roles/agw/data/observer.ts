import type { Log } from '../../../ports/log.ts'
import type { Metrics } from '../../../ports/metrics.ts'
import type { PipelineDeps } from './pipeline.ts'

/** Seconds; the first ones lie around the latency that a relay should have, the last one is the longest blocking call. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300]

/** Writes down how each call ended: a failure of ours loudly, anything else quietly. */
export function createCallObserver(log: Log, metrics: Metrics | undefined, open: () => number): PipelineDeps['ended'] {
  const count = metrics?.counter('hansa_gateway_calls_total', 'Calls that ended at this gateway, by door, operation and error code', [
    'door',
    'operation',
    'code'
  ])
  const time = metrics?.histogram('hansa_gateway_call_seconds', 'Time from the head of a call to its end', BUCKETS, ['door'])
  metrics?.gauge('hansa_gateway_calls_open', 'Calls open now', open)
  return (door, operation, ms, error) => {
    const code = error?.code ?? 'OK'
    count?.inc({ door, operation, code })
    time?.observe(ms / 1000, { door })
    if (error === undefined) log.debug({ door, operation, ms }, 'call ended')
    else if (error.code === 'INTERNAL') log.error({ door, operation, ms, err: error.cause ?? error }, 'call failed')
    else log.info({ door, operation, ms, code, reason: error.message, ...error.metadata }, 'call refused or failed')
  }
}
