import type { Clock } from '../../ports/clock.ts'

/** The longest wait a Node.js timer can hold; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

/** Real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
  every(ms, fn) {
    let cancel = after(ms, function again() {
      cancel = after(ms, again)
      fn()
    })
    return () => cancel()
  }
}

function after(ms: number, fn: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (left: number): void => {
    const step = Math.min(left, LONGEST_MS)
    timer = setTimeout(() => (left > step ? wait(left - step) : fn()), step).unref()
  }
  wait(Math.max(0, ms))
  return () => clearTimeout(timer)
}
