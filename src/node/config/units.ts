const DURATION = /^(\d{1,15})(ms|s|m|h|d)$/
const RATE = /^(\d{1,9})\/(s|min|h)$/

const MS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const

type Unit = keyof typeof MS

/** A quota: `limit` per `periodMs` milliseconds. */
export interface Rate {
  readonly limit: number
  readonly periodMs: number
}

/** Milliseconds of a text such as 500ms, 30s, 5m, 24h or 90d; undefined when it is none. A bare number is none: nobody could tell its unit. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? []
  const ms = Number(count) * MS[unit as Unit]
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** The shortest exact text of a duration: 90000 is 90s. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) if (ms >= MS[unit] && ms % MS[unit] === 0) return `${ms / MS[unit]}${unit}`
  return `${ms}ms`
}

/** A text such as 60/min, 5/s or 1000/h; undefined when it is none. */
export function parseRate(text: string): Rate | undefined {
  const [, count, unit] = RATE.exec(text) ?? []
  return count === undefined || Number(count) === 0 ? undefined : { limit: Number(count), periodMs: MS[unit as Unit] }
}

export function formatRate(rate: Rate): string {
  const unit = (['s', 'min', 'h'] as const).find((name) => MS[name] === rate.periodMs)
  return `${rate.limit}/${unit ?? `${rate.periodMs}ms`}`
}
