import type { BenchProcess } from './child-process.ts'
import type { Report } from './report.ts'

/** One of several ways to do the same thing. */
export interface Case {
  readonly name: string
  /** One call, from start to the complete answer. Throws when the answer is not right. */
  readonly call: () => Promise<void>
  /** The other processes that work for this case; each gets a figure of CPU per call. */
  readonly processes: readonly BenchProcess[]
}

export interface Pace {
  /** Slices per case; the figures are medians over them. */
  readonly slices: number
  readonly sliceMs: number
  /** Calls open at the same time. */
  readonly concurrency: number
}

/** Short enough for a coffee, long enough that the compiler has warmed up and one disturbed slice does not count. */
export const DEFAULT_PACE: Pace = { slices: 5, sliceMs: 600, concurrency: 1 }

/**
 * Measures the cases in slices, interleaved and in turning order, so that whatever else the machine does hits all alike. Reports calls/s, p50, p99 and CPU per
 * call in each process; the first case is the baseline of the others.
 */
export async function compare(report: Report, cases: readonly Case[], pace: Pace = DEFAULT_PACE): Promise<void> {
  const measured = new Map<Case, Slice[]>(cases.map((one) => [one, []]))
  for (const one of cases) await slice(one, pace)
  for (let round = 0; round < pace.slices; round++) {
    for (const one of round % 2 === 0 ? cases : cases.toReversed()) measured.get(one)?.push(await slice(one, pace))
  }
  for (const [one, slices] of measured) {
    const baseline = one === cases[0] ? undefined : cases[0]?.name
    const typical = (read: (slice: Slice) => number): number => median(slices.map(read))
    report.add(
      one.name,
      'calls',
      typical(({ callsPerSecond }) => callsPerSecond),
      '1/s',
      baseline
    )
    report.add(
      one.name,
      'p50',
      typical(({ p50 }) => p50),
      'ms',
      baseline
    )
    report.add(
      one.name,
      'p99',
      typical(({ p99 }) => p99),
      'ms',
      baseline
    )
    report.add(
      one.name,
      'cpu/call bench',
      typical(({ cpu }) => cpu[0] ?? 0),
      'us',
      baseline
    )
    one.processes.forEach(({ name }, index) =>
      report.add(
        one.name,
        `cpu/call ${name}`,
        typical(({ cpu }) => cpu[index + 1] ?? 0),
        'us'
      )
    )
  }
}

interface Slice {
  readonly callsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of CPU per call: the bench itself, then each process of the case. */
  readonly cpu: readonly number[]
}

async function slice({ call, processes }: Case, { sliceMs, concurrency }: Pace): Promise<Slice> {
  const usage = async (): Promise<number[]> => {
    const { user, system } = process.cpuUsage()
    return [user + system, ...(await Promise.all(processes.map((other) => other.cpu())))]
  }
  const latencies: number[] = []
  const before = await usage()
  const begin = performance.now()
  const lane = async (): Promise<void> => {
    while (performance.now() - begin < sliceMs) {
      const start = performance.now()
      await call()
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  const seconds = (performance.now() - begin) / 1000
  const after = await usage()
  const calls = latencies.length
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.min(calls - 1, Math.floor(calls * share))] ?? 0
  return { callsPerSecond: calls / seconds, p50: at(0.5), p99: at(0.99), cpu: after.map((value, index) => (value - (before[index] ?? 0)) / calls) }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
