import assert from 'node:assert/strict'
import { createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { Revocations } from '../../../../src/roles/member/revocations.ts'
import { Staleness } from '../../../../src/roles/member/staleness.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

describe('CAs of which no list has come', () => {
  const setting = (refuse: boolean) => {
    const store = new MemoryStore()
    const revocations = new Revocations(store, createVerify(), sha256, () => undefined, 0)
    return { store, staleness: new Staleness({ refuse, graceMs: 100 }, store, revocations) }
  }

  it('are remembered up to a bound: a root could make them without end', () => {
    const { store, staleness } = setting(true)
    for (let i = 0; i < 200; i++) staleness.until('south.example', `ca${i}`, 1000)
    assert.equal(store.count('trust.unlisted'), 64)
    assert.deepEqual(staleness.until('south.example', 'ca199', 1000), { until: -Infinity, noted: false }, 'those beyond it are not believed')
    assert.deepEqual(staleness.until('south.example', 'ca1', 1050), { until: 1100, noted: false })
    assert.deepEqual(staleness.until('west.example', 'ca1', 1000), { until: 1100, noted: true }, 'of each domain')
  })

  it('are believed all the same where policy refuses none', () => {
    const { store, staleness } = setting(false)
    for (let i = 0; i < 200; i++) assert.equal(staleness.until('south.example', `ca${i}`, 1000).until, Infinity)
    assert.equal(store.count('trust.unlisted'), 64)
  })
})
