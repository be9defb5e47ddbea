import assert from 'node:assert/strict'
import { createMetrics } from '../../../../src/adapters/system/metrics.ts'

describe('metrics', () => {
  it('are shown in the text format of Prometheus', async () => {
    const metrics = createMetrics({ process: false })
    let peers = 3
    metrics.counter('hansa_calls_total', 'Calls', ['result']).inc({ result: 'ok' }, 2)
    metrics.gauge('hansa_peers', 'Peers', () => peers)
    metrics.histogram('hansa_call_seconds', 'Time', [0.1, 1]).observe(0.5)
    assert.match(await metrics.text(), /^hansa_calls_total\{result="ok"\} 2$/m)
    assert.match(await metrics.text(), /^hansa_peers 3$/m)
    assert.match(await metrics.text(), /^hansa_call_seconds_bucket\{le="1"\} 1$/m)
    peers = 4
    assert.match(await metrics.text(), /^hansa_peers 4$/m)
  })

  it('of two nodes in one process are apart', async () => {
    const [one, two] = [createMetrics({ process: false }), createMetrics({ process: false })]
    one.counter('hansa_calls_total', 'Calls').inc()
    assert.equal((await two.text()).trim(), '')
  })

  it('have names of their own, each once', () => {
    const metrics = createMetrics({ process: false })
    assert.throws(() => metrics.counter('calls_total', 'Calls'), RangeError)
    metrics.counter('hansa_calls_total', 'Calls')
    assert.throws(() => metrics.counter('hansa_calls_total', 'Calls'), RangeError)
  })

  it('show the process beside, when asked', async () => {
    assert.match(await createMetrics({ process: true }).text(), /^process_cpu_seconds_total/m)
  })
})
