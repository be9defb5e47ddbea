import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homePaths, type HomePaths } from '../../../../src/node/home/home-paths.ts'
import { forgetReplaced, readReplaced, takeNextKey, writeNextKey } from '../../../../src/node/home/next-key.ts'

describe('a new key of a node', () => {
  let paths: HomePaths
  beforeEach(() => {
    paths = homePaths(mkdtempSync(join(tmpdir(), 'hansa-next-')))
    writeFileSync(paths.key, 'old key', { mode: 0o600 })
    writeFileSync(paths.chain, 'old chain')
  })
  afterEach(() => rmSync(paths.dir, { recursive: true, force: true }))

  const next = { key: 'new key', chain: 'new chain', notAfter: 1000, replaces: 'ab', until: 900 }
  const pair = (): string[] => [readFileSync(paths.key, 'utf8'), readFileSync(paths.chain, 'utf8')]

  it('waits for the next start, for the eyes of its owner only', async () => {
    await writeNextKey(paths, next)
    assert.deepEqual(pair(), ['old key', 'old chain'])
    assert.equal(statSync(paths.nextKey).mode & 0o777, 0o600)
  })

  it('takes the place of key and chain together, and leaves word of what it replaces', async () => {
    await writeNextKey(paths, next)
    assert.equal(await takeNextKey(paths, 500), true)
    assert.deepEqual(pair(), ['new key', 'new chain'])
    assert.deepEqual(await readReplaced(paths), { replaces: 'ab', until: 900 })
    assert.equal(await takeNextKey(paths, 500), false)
    await forgetReplaced(paths)
    assert.equal(await readReplaced(paths), undefined)
  })

  it('is taken to the same end after a crash in the middle', async () => {
    await writeNextKey(paths, next)
    // The key was written, the chain was not.
    writeFileSync(paths.key, next.key)
    assert.equal(await takeNextKey(paths, 500), true)
    assert.deepEqual(pair(), ['new key', 'new chain'])
  })

  it('is dropped when its certificate has ended meanwhile', async () => {
    await writeNextKey(paths, next)
    assert.equal(await takeNextKey(paths, 1000), false)
    assert.deepEqual([...pair(), existsSync(paths.nextKey)], ['old key', 'old chain', false])
  })

  it('that cannot be read is no key', async () => {
    writeFileSync(paths.nextKey, '{"key":', { mode: 0o600 })
    await assert.rejects(takeNextKey(paths, 0), { code: 'KEY_MISSING' })
  })
})
