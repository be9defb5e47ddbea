import assert from 'node:assert/strict'
import { isFact } from '../../../../src/core/ids/fact.ts'

describe('core/ids: fact', () => {
  it('is a lower-case name of at most 63 characters', () => {
    for (const fact of ['a', '7', 'flight-confirmation', 'visa-number', 'x'.repeat(63)]) assert.ok(isFact(fact), fact)
    for (const text of ['', 'Flight', 'a b', 'a_b', '-a', 'a-', 'a.b', 'ä', 'a\n', 'x'.repeat(64)]) assert.ok(!isFact(text), text)
  })
})
