import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changeFiles, finishChange } from '../../../../src/node/home/file-changes.ts'
import { type HomePaths, homePaths } from '../../../../src/node/home/home-paths.ts'

describe('a change of several files of a home', () => {
  let paths: HomePaths
  beforeEach(async () => {
    paths = homePaths(await mkdtemp(join(tmpdir(), 'hansa-change-')))
  })
  afterEach(() => rm(paths.dir, { recursive: true, force: true }))

  it('is done as a whole, and its journal is gone', async () => {
    await writeFile(paths.chain, 'old')
    await changeFiles(paths, [{ path: paths.key, content: 'new', secret: true }, { path: paths.chain }])
    assert.equal(await readFile(paths.key, 'utf8'), 'new')
    await assert.rejects(readFile(paths.chain), { code: 'ENOENT' })
    await assert.rejects(readFile(paths.change), { code: 'ENOENT' })
  })

  it('goes on where a crash has left it', async () => {
    await writeFile(
      paths.change,
      JSON.stringify([
        { path: 'node.key', content: 'a' },
        { path: 'chain.pem', content: 'b' }
      ])
    )
    await finishChange(paths)
    assert.equal(await readFile(join(paths.dir, 'chain.pem'), 'utf8'), 'b')
  })

  it('is not taken for none when its journal is there and cannot be read, nor when it leads out of the home', async () => {
    await mkdir(paths.change)
    await assert.rejects(finishChange(paths), { code: 'HOME_MISSING' })
    await rm(paths.change, { recursive: true })
    await writeFile(paths.change, JSON.stringify([{ path: '../elsewhere', content: 'a' }]))
    await assert.rejects(finishChange(paths), { code: 'HOME_MISSING' })
  })
})
