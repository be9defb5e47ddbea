import assert from 'node:assert/strict'
import type { AccountRecord, OrderRecord } from '../../../../../src/adapters/http/authority/acme/records.ts'
import { createAcmeState } from '../../../../../src/adapters/http/authority/acme/state.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'

describe('accounts and orders of ACME at rest', () => {
  let clock: FakeClock
  let store: MemoryStore
  const account = (id: string, thumbprint = id): AccountRecord => ({
    ...{ id, thumbprint, bound: thumbprint, jwk: { kty: 'OKP' }, algorithm: 'EdDSA', status: 'valid', contact: [] },
    createdAt: clock.now()
  })
  const order = (id: string, expires: number): OrderRecord => ({ id, account: id.split('.')[0] ?? '', dnsNames: ['a.example'], status: 'ready', expires })

  beforeEach(() => {
    clock = new FakeClock()
    store = new MemoryStore()
  })

  it('are found again: an account by its id and its key, orders by their account', () => {
    const state = createAcmeState(store, clock)
    state.putAccount(account('a', 'key-1'))
    state.putAccount({ ...account('a', 'key-2'), bound: 'key-1' })
    for (const id of ['a.1', 'a.2', 'b.1']) state.putOrder(order(id, clock.now() + 1_000))
    const again = createAcmeState(store, clock)
    assert.equal(again.account('a')?.thumbprint, 'key-2')
    // Of a key that was replaced the account is known, so that it begins no other one.
    assert.deepEqual([again.accountOf('key-1')?.id, again.accountOf('key-2')?.id, again.accountOf('key-3')], ['a', 'a', undefined])
    assert.deepEqual(
      again.ordersOf('a', '', 10).map(({ id }) => id),
      ['a.1', 'a.2']
    )
    assert.deepEqual(
      again.ordersOf('a', 'a.2', 10).map(({ id }) => id),
      ['a.2']
    )
  })

  it('are bounded: orders that have ended make room, those of an account that orders without end do not come in', async () => {
    const state = createAcmeState(store, clock)
    for (let i = 0; i < 999; i++) state.putOrder(order(`a.${String(i).padStart(4, '0')}`, clock.now() + (i < 500 ? 1_000 : 5_000)))
    state.makeRoomForOrder('a')
    state.putOrder(order('a.9999', clock.now() + 5_000))
    assert.throws(() => state.makeRoomForOrder('a'), { type: 'rateLimited' })
    state.makeRoomForOrder('b')
    await clock.advance(2_000)
    state.makeRoomForOrder('a')
    assert.equal(state.ordersOf('a', '', 2_000).length, 500)
  })

  it('are swept: orders of accounts that never come back go, too', async () => {
    const state = createAcmeState(store, clock)
    for (let i = 0; i < 100; i++) state.putOrder(order(`gone.${i}`, clock.now() + 1_000))
    await clock.advance(2_000)
    for (let i = 0; i < 20; i++) state.makeRoomForOrder('b')
    assert.equal(state.ordersOf('gone', '', 1_000).length, 0)
  })

  it('let idle accounts give way when there are too many, after a day', async () => {
    const state = createAcmeState(store, clock)
    for (let i = 0; i < 10_000; i++) state.putAccount(account(`a${i}`))
    assert.throws(() => state.makeRoomForAccount(() => true), { type: 'rateLimited' })
    await clock.advance(24 * 3_600_000)
    assert.throws(() => state.makeRoomForAccount(() => false), { type: 'rateLimited' })
    state.makeRoomForAccount(({ id }) => id !== 'a7')
    assert.deepEqual([state.account('a7')?.id, state.account('a8'), state.accountOf('a8')], ['a7', undefined, undefined])
  })
})
