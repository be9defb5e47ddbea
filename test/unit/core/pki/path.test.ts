import assert from 'node:assert/strict'
import { verifyPathDer } from '../../../../src/node/verify-path.ts'
import { OWN_CASES } from '../../../fixtures/path-cases.ts'

/** Far above what any needs on a busy machine. */
const MAX_MS = 2_000

describe('path validation: cases of our own', () => {
  for (const { id, want, question } of OWN_CASES) {
    it(`${id}: ${want}`, () => {
      const begin = performance.now()
      const report = verifyPathDer(question)
      assert.equal(report.valid ? 'valid' : report.reason, want, report.valid ? undefined : report.message)
      assert.ok(performance.now() - begin < MAX_MS)
    })
  }

  it('are more than those of x509-limbo that are about agents, each with a name of its own', () => {
    assert.ok(OWN_CASES.length >= 160, String(OWN_CASES.length))
    assert.equal(new Set(OWN_CASES.map(({ id }) => id)).size, OWN_CASES.length)
  })
})
