import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { documents, HansaProcesses } from '../support/hansa-process.ts'

interface Step {
  readonly step: string
  readonly ok: boolean
  readonly ms: number
}

/** PIDs of processes whose environment says that they belong to this run. */
function processesOf(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)
      } catch {
        // It ended meanwhile, or belongs to somebody else.
        return false
      }
    })
    .map(Number)
}

describe('hansa demo --json', function () {
  this.timeout(150_000)
  let hansa: HansaProcesses
  before(() => (hansa = new HansaProcesses()))
  after(() => hansa.end())

  it('exits 0 with one JSON line for each step, and leaves nothing running', async function () {
    if (process.platform !== 'linux') this.skip()
    const mark = `HANSA_TEST_RUN=${process.pid}-${Date.now()}`
    const [key = '', value = ''] = mark.split('=')
    const demo = hansa.start(['demo', '--json'], { [key]: value })
    let seen = 0
    const watch = setInterval(() => (seen = Math.max(seen, processesOf(mark).length)), 1_000)
    const { code, stdout, stderr } = await demo.ended
    clearInterval(watch)
    assert.equal(code, 0, stdout + stderr)
    const steps = documents<Step>(stdout)
    assert.ok(steps.length >= 11, `${steps.length} steps`)
    for (const { step, ok, ms } of steps) {
      assert.equal(ok, true, step)
      assert.ok(Number.isInteger(ms) && ms >= 0, step)
    }
    assert.equal(new Set(steps.map(({ step }) => step)).size, steps.length)
    assert.ok(steps.reduce((sum, { ms }) => sum + ms, 0) < 120_000)
    assert.ok(seen > 5, `only ${seen} processes were ever seen, so seeing none afterwards proves nothing`)
    assert.deepEqual(processesOf(mark), [])
  })

  it('a demo that is stopped by SIGTERM stops its programs too', async function () {
    if (process.platform !== 'linux') this.skip()
    const mark = `HANSA_TEST_RUN=${process.pid}-${Date.now()}`
    const [key = '', value = ''] = mark.split('=')
    const demo = hansa.start(['demo', '--json'], { [key]: value })
    while (processesOf(mark).length < 3 && demo.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 100))
    const asked = performance.now()
    const { code } = await hansa.kill(demo, 'SIGTERM')
    assert.equal(code, 1)
    assert.ok(performance.now() - asked < 9_000)
    assert.deepEqual(processesOf(mark), [])
  })
})
