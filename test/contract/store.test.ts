import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import type { Store } from '../../src/ports/store.ts'
import { MemoryStore } from '../support/memory-store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const keys = (entries: Iterable<readonly [string, Uint8Array]>) => [...entries].map(([key]) => key)

describe('contract: Store', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hansa-store-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  contract('SQLite', () => {
    const store = openStore(join(folder, 'store.db'))
    return { store, close: () => store.close() }
  })
  contract('memory', () => ({ store: new MemoryStore(), close: () => undefined }))
})

function contract(name: string, make: () => { readonly store: Store; readonly close: () => void }): void {
  describe(name, () => {
    let store: Store
    let close: () => void
    beforeEach(() => ({ store, close } = make()))
    afterEach(() => close())

    it('reads its own writes before and after the commit', async () => {
      store.put('t', 'a', bytes('1'))
      assert.deepEqual(Buffer.from(store.get('t', 'a') ?? []).toString(), '1')
      await store.commit()
      store.put('t', 'a', bytes('2'))
      assert.deepEqual(Buffer.from(store.get('t', 'a') ?? []).toString(), '2')
      assert.equal(store.get('t', 'b'), undefined)
    })

    it('keeps tables apart', () => {
      store.put('t', 'a', bytes('1'))
      store.put('u', 'a', bytes('2'))
      store.delete('t', 'a')
      store.delete('t', 'never there')
      assert.equal(store.get('t', 'a'), undefined)
      assert.equal(store.count('t'), 0)
      assert.equal(store.count('u'), 1)
    })

    it('gives entries in order of key, from a key on, with a prefix, up to a limit', () => {
      for (const key of ['b/2', 'a', 'b/1', 'c', 'b', 'b/10']) store.put('t', key, bytes(key))
      assert.deepEqual(keys(store.entries('t')), ['a', 'b', 'b/1', 'b/10', 'b/2', 'c'])
      assert.deepEqual(keys(store.entries('t', { from: 'b/1' })), ['b/1', 'b/10', 'b/2', 'c'])
      assert.deepEqual(keys(store.entries('t', { prefix: 'b/' })), ['b/1', 'b/10', 'b/2'])
      assert.deepEqual(keys(store.entries('t', { prefix: 'b/', from: 'b/10', limit: 1 })), ['b/10'])
      assert.deepEqual(keys(store.entries('t', { limit: 0 })), [])
    })

    it('gives all of a large table, also when its reader deletes', () => {
      for (let i = 0; i < 1_000; i++) store.put('t', String(i).padStart(4, '0'), bytes('x'))
      let seen = 0
      for (const [key] of store.entries('t')) {
        store.delete('t', key)
        seen++
      }
      assert.equal(seen, 1_000)
      assert.equal(store.count('t'), 0)
    })

    it('keeps an empty value', () => {
      store.put('t', 'a', new Uint8Array())
      assert.equal(store.get('t', 'a')?.length, 0)
    })

    it('commits what nobody has written', async () => {
      await store.commit()
      await Promise.all([store.commit(), store.commit()])
    })
  })
}
