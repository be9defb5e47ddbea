import Mocha from 'mocha'
import { appendFileSync } from 'node:fs'

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants
const WIDTH = 100
/** A test above this is worth a look; that many are named. */
const SLOW_MS = 3_000
const SLOWEST = 5

/**
 * A dot per test, the slowest by name, each failure in full with its diff, and as last line the counts, in words that any reader of logs understands.
 * With HANSA_COUNTS the counts are appended to that file instead, for a run made of several. Works in parallel mode: it counts events only.
 */
export default class Reporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    let column = 0
    let passed = 0
    let skipped = 0
    const failures: Mocha.Test[] = []
    const slow: { readonly title: string; readonly ms: number }[] = []
    const mark = (sign: string): void => {
      process.stdout.write(sign)
      column = (column + 1) % WIDTH
      if (column === 0) process.stdout.write('\n')
    }
    runner.on(EVENT_TEST_PASS, (test) => {
      passed++
      if ((test.duration ?? 0) >= SLOW_MS) slow.push({ title: test.fullTitle(), ms: test.duration ?? 0 })
      mark('.')
    })
    runner.on(EVENT_TEST_PENDING, () => {
      skipped++
      mark(',')
    })
    runner.on(EVENT_TEST_FAIL, (test) => {
      failures.push(test)
      mark('!')
    })
    runner.on(EVENT_RUN_END, () => {
      if (column > 0) process.stdout.write('\n')
      for (const { title, ms } of slow.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST)) console.log(`slow: ${(ms / 1000).toFixed(1)} s ${title}`)
      if (failures.length > 0) Mocha.reporters.Base.list(failures)
      const file = process.env['HANSA_COUNTS']
      if (file === undefined) console.log(`${passed} passed, ${failures.length} failed, ${skipped} skipped`)
      else appendFileSync(file, `${passed} ${failures.length} ${skipped}\n`)
    })
  }
}
