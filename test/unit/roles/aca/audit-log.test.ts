import assert from 'node:assert/strict'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { AuditLog } from '../../../../src/roles/aca/audit-log.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

const TABLE = 'aca.audit'
const key = (number: number) => String(number).padStart(12, '0')

async function setting(entries = 5) {
  const store = new MemoryStore()
  const log = new AuditLog({ store, clock: new FakeClock(), sha256 })
  for (let n = 1; n <= entries; n++) log.append('issued', 'operator', `spiffe://north.example/agent/a${n}`, { serial: String(n) })
  await store.commit()
  const row = (number: number) => store.get(TABLE, key(number)) ?? new Uint8Array()
  return { store, log, row }
}

describe('the audit log of the ACA', () => {
  it('numbers its entries, chains them, and can be read from any of them on', async () => {
    const { log } = await setting()
    assert.deepEqual(
      log.read({ from: 3, limit: 2 }).map(({ number, subject }) => [number, subject]),
      [
        [3, 'spiffe://north.example/agent/a3'],
        [4, 'spiffe://north.example/agent/a4']
      ]
    )
    assert.equal(new Set(log.read({}).map(({ previous }) => previous)).size, 5)
    assert.deepEqual(log.verify(), { ok: true, ...log.head() })
    assert.equal(log.verify().entries, 5)
    for (const wrong of [{ from: 0 }, { from: 1.5 }, { limit: 0 }, { limit: 1001 }]) assert.throws(() => log.read(wrong), { code: 'INVALID_ARGUMENT' })
  })

  it('that is empty is in order', async () => {
    const { log } = await setting(0)
    assert.deepEqual([log.verify().ok, log.verify().entries, log.read({})], [true, 0, []])
  })

  it('shows an entry that was changed, also when only the last one was', async () => {
    for (const [changed, brokenAt] of [
      [2, 2],
      [5, 5]
    ] as const) {
      const { store, log, row } = await setting()
      store.put(TABLE, key(changed), new TextEncoder().encode(new TextDecoder().decode(row(changed)).replace('operator', 'nobody__')))
      const verdict = log.verify()
      assert.deepEqual([verdict.ok, verdict.brokenAt], [false, brokenAt], verdict.why)
    }
  })

  it('shows that entries were taken away: from the middle, from the end, from the beginning', async () => {
    for (const [gone, brokenAt] of [
      [[3], 3],
      [[5], 5],
      [[4, 5], 4],
      [[1], 1]
    ] as const) {
      const { store, log } = await setting()
      for (const number of gone) store.delete(TABLE, key(number))
      const verdict = log.verify()
      assert.deepEqual([verdict.ok, verdict.brokenAt], [false, brokenAt], verdict.why)
    }
  })

  it('shows entries that have changed places, and rubbish', async () => {
    const { store, log, row } = await setting()
    const [third, fourth] = [row(3), row(4)]
    store.put(TABLE, key(3), fourth)
    store.put(TABLE, key(4), third)
    assert.deepEqual([log.verify().ok, log.verify().brokenAt], [false, 3])
    store.put(TABLE, key(2), Uint8Array.of(1, 2))
    assert.deepEqual([log.verify().ok, log.verify().brokenAt], [false, 2])
    assert.throws(() => log.read({}), { code: 'AUDIT_BROKEN' })
  })

  it('that was written anew from end to end is betrayed by a head that was noted elsewhere', async () => {
    const { log } = await setting(3)
    const noted = log.head()
    assert.equal(log.verify(noted).ok, true)
    log.append('revoked', 'operator', 'x')
    assert.equal(log.verify(noted).ok, true, 'what came later changes nothing')
    const forged = await setting(2)
    forged.log.append('issued', 'operator', 'somebody else')
    assert.equal(forged.log.verify().ok, true)
    assert.deepEqual([forged.log.verify(noted).ok, forged.log.verify(noted).brokenAt], [false, 3])
    const cut = await setting(2)
    assert.deepEqual([cut.log.verify(noted).ok, cut.log.verify(noted).brokenAt], [false, 3])
  })

  it('gives a number again when the commit of its entry failed', async () => {
    const { store, log } = await setting(2)
    log.append('issued', 'operator', 'lost')
    store.failNextCommit()
    await assert.rejects(store.commit())
    log.append('issued', 'operator', 'kept')
    await store.commit()
    assert.deepEqual(
      log.read({ from: 3 }).map(({ number, subject }) => [number, subject]),
      [[3, 'kept']]
    )
    assert.equal(log.verify().ok, true)
  })
})
