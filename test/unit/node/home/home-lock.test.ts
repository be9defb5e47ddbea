import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homePaths } from '../../../../src/node/home/home-paths.ts'
import { lockHome } from '../../../../src/node/home/home-lock.ts'

describe('lock of a home', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-lock-'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  it('is taken once and is free after release', () => {
    const lock = lockHome(homePaths(dir))
    assert.throws(() => lockHome(homePaths(dir)), { code: 'HOME_LOCKED', message: new RegExp(`pid ${process.pid}`) })
    lock.release()
    lock.release()
    lockHome(homePaths(dir)).release()
  })

  it('names the process that holds it, and is free again after kill -9 of that process', async () => {
    const script = `
      const { lockHome } = await import(${JSON.stringify(import.meta.resolve('../../../../src/node/home/home-lock.ts'))})
      const { homePaths } = await import(${JSON.stringify(import.meta.resolve('../../../../src/node/home/home-paths.ts'))})
      lockHome(homePaths(${JSON.stringify(dir)}))
      console.log('held')
      setInterval(() => {}, 1000)`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(holder.stdout, 'data')
      assert.throws(
        () => lockHome(homePaths(dir)),
        (error: Error & { code: string; hint: string }) => {
          assert.equal(error.code, 'HOME_LOCKED')
          assert.match(error.hint, new RegExp(`pid ${holder.pid}`))
          return true
        }
      )
    } finally {
      holder.kill('SIGKILL')
      await once(holder, 'exit')
    }
    lockHome(homePaths(dir)).release()
  })

  it('of a directory that is not there is HOME_MISSING', () => {
    assert.throws(() => lockHome(homePaths(join(dir, 'nowhere'))), { code: 'HOME_MISSING' })
  })
})
