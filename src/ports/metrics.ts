/** Counters and gauges, Prometheus style. Names begin with hansa_; labels are few and bounded. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  /** One number, or one for each combination of labels. */
  gauge(name: string, help: string, read: () => number | readonly Sample[], labels?: readonly string[]): void
  histogram(name: string, help: string, buckets: readonly number[], labels?: readonly string[]): Histogram
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Counter {
  inc(labels?: Readonly<Record<string, string>>, by?: number): void
}

export interface Histogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void
}
