import assert from 'node:assert/strict'
import { Key } from 'interface-datastore'
import { BoundedDatastore } from '../../../../src/adapters/libp2p/bounded-datastore.ts'

const key = (name: string) => new Key(name, false)

describe('adapters/libp2p/bounded-datastore', () => {
  it('gives back what was put, by key and by prefix, until it is deleted', () => {
    const store = new BoundedDatastore()
    store.put(key('/dht/provider/c1/p1'), Buffer.from('1'))
    store.put(key('/dht/provider/c1/p2'), Buffer.from('2'))
    store.put(key('/dht/provider/c2/p1'), Buffer.from('3'))
    store.put(key('/other'), Buffer.from('4'))
    const names = (prefix?: string) => [...store._allKeys({ prefix })].map(String)
    assert.deepEqual(names('/dht/provider/c1'), ['/dht/provider/c1/p1', '/dht/provider/c1/p2'])
    assert.equal(names('/dht/provider').length, 3)
    assert.equal(names().length, 4)
    assert.equal(Buffer.from(store.get(key('/other'))).toString(), '4')
    // As kad-dht does it: delete while one iterates.
    for (const { key: found } of store._all({ prefix: '/dht/provider/c1' })) store.delete(found)
    assert.deepEqual(names('/dht/provider/c1'), [])
    assert.equal(store.has(key('/dht/provider/c1/p1')), false)
    assert.throws(() => store.get(key('/dht/provider/c1/p1')), { name: 'NotFoundError' })
  })

  it('holds no more entries and bytes of a class than its bound: what was written longest ago goes, other classes stay', () => {
    const store = new BoundedDatastore({
      '/dht/record': { entries: 3, bytes: 1_000 },
      '/dht/provider': { entries: 3, bytes: 1_000 },
      '/peers': { entries: 3, bytes: 1_000 },
      '/': { entries: 3, bytes: 1_000 }
    })
    store.put(key('/peers/a'), Buffer.from('a'))
    for (let i = 0; i < 10; i++) {
      store.put(key(`/dht/record/${i}`), Buffer.alloc(10))
      // Written again and again, it stays.
      store.put(key('/dht/record/honest'), Buffer.alloc(10))
    }
    assert.deepEqual([...store._allKeys({ prefix: '/dht/record' })].map(String), ['/dht/record/8', '/dht/record/9', '/dht/record/honest'])
    store.put(key('/dht/record/big'), Buffer.alloc(985))
    assert.deepEqual([...store._allKeys({ prefix: '/dht/record' })].map(String), ['/dht/record/honest', '/dht/record/big'])
    assert.ok(store.has(key('/peers/a')))
  })
})
