import assert from 'node:assert/strict'
import { killOrchestrator } from './orchestrator-kills.ts'

/** Printed, so that what failed can be played again: npm run chaos -- --kills N --seed S. */
const SEED = 20261129
const KILLS = 4

describe(`kill -9 of the orchestrator at ${KILLS} random points (seed ${SEED}; npm run chaos has the long form)`, function () {
  this.timeout(180_000)
  it('every graph comes to its result, and no step is done twice', async () => {
    const { rounds, steps, taken } = await killOrchestrator(KILLS, SEED)
    assert.equal(rounds, KILLS)
    assert.ok(taken >= steps)
  })
})
