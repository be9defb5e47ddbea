import * as prometheus from 'prom-client'
import type { Counter, Histogram, Metrics } from '../../ports/metrics.ts'

/** Metrics of one node. Several nodes in one process (testnet) have one each: nothing is global. */
export interface PrometheusMetrics extends Metrics {
  /** Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
  /** For libraries that bring metrics of their own. */
  readonly registry: prometheus.Registry
}

const NAME = /^hansa_[a-z0-9_]{1,100}$/

/** @param options.process adds the usual figures of the Node.js process (process_*, nodejs_*) */
export function createMetrics(options: { readonly process: boolean }): PrometheusMetrics {
  const registry = new prometheus.Registry()
  if (options.process) prometheus.collectDefaultMetrics({ register: registry })

  const check = (name: string): void => {
    if (!NAME.test(name)) throw new RangeError(`metric names are hansa_ and lower case, not ${name}`)
    if (registry.getSingleMetric(name) !== undefined) throw new RangeError(`metric ${name} is there already`)
  }
  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter(name, help, labels = []): Counter {
      check(name)
      const counter = new prometheus.Counter({ name, help, labelNames: [...labels], registers: [registry] })
      return { inc: (values = {}, by = 1) => counter.inc({ ...values }, by) }
    },
    gauge(name, help, read, labels = []) {
      check(name)
      new prometheus.Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        collect() {
          const samples = read()
          if (typeof samples === 'number') return this.set(samples)
          this.reset()
          for (const sample of samples) this.set({ ...sample.labels }, sample.value)
        }
      })
    },
    histogram(name, help, buckets, labels = []): Histogram {
      check(name)
      const histogram = new prometheus.Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers: [registry] })
      return { observe: (value, values = {}) => histogram.observe({ ...values }, value) }
    }
  }
}
