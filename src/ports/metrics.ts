/** Counters and gauges, Prometheus style. Names begin with hansa_; labels are few and bounded. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, read: () => number): void
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram
}

export interface Counter {
  inc(labels?: Readonly<Record<string, string>>, by?: number): void
}

export interface Histogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void
}
