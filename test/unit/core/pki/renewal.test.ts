import assert from 'node:assert/strict'
import { renewalTime } from '../../../../src/core/pki/renewal.ts'

describe('renewal', () => {
  it('falls due at two thirds of the life, or up to a tenth of it earlier', () => {
    assert.equal(renewalTime(1000, 1000 + 3000, 0), 3000)
    assert.equal(renewalTime(1000, 1000 + 3000, 1), 2700)
    assert.equal(renewalTime(1000, 1000 + 3000, 7), 2700)
  })

  it('of a certificate that has no life is due at once', () => {
    assert.equal(renewalTime(5000, 1000, 0.5), 5000)
  })
})
