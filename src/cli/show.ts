import { formatDuration } from '../node/config/units.ts'

/** Milliseconds since the epoch as UTC to the second. */
export function showTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** A span in its largest whole unit: 3h, 12m, 40s. */
export function showAge(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1000].find((size) => ms >= size) ?? 1
  return formatDuration(Math.max(0, Math.floor(ms / unit)) * unit)
}

/** A duration that was measured: 0.8 ms, 31 ms, 2.1 s. */
export function showMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}
