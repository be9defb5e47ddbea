import { spread } from './heartbeat-schedule.ts'

/** A restarted process listens again within about a second. */
const FIRST_MS = 1_000

/** For ever, but not more than once a minute: a gateway that is gone for a day must not cost more than a heartbeat does. */
const LAST_MS = 60_000

/** Milliseconds to wait before attempt `attempt` (0 is the first after a failure): doubles up to a minute, less up to a quarter that depends on `who`. */
export function redialDelay(attempt: number, who: string): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
  return Math.round(full * (1 - spread(`${who}#${attempt}`) / 4))
}
