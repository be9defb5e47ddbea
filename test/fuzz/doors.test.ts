import assert from 'node:assert/strict'
import { fuzzDoors } from './doors.ts'

/** Printed, so that what failed can be played again: npm run fuzz -- --doors N --seed S. */
const SEED = 20261125

describe(`malformed requests at the doors of a gateway (seed ${SEED})`, function () {
  this.timeout(60_000)
  it('are each answered in the way of their own binding, and disturb nobody', async () => {
    for (const { name, failure, refused } of await fuzzDoors(3_000, SEED)) {
      assert.equal(failure, undefined, name)
      assert.ok(refused > 0, name)
    }
  })
})
