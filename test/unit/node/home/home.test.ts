import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHome, type HomeContents } from '../../../../src/node/home/create-home.ts'
import { homePaths } from '../../../../src/node/home/home-paths.ts'
import { inspectHome } from '../../../../src/node/home/inspect-home.ts'
import { generateSeed } from '../../../../src/node/home/node-key.ts'
import { openHome } from '../../../../src/node/home/open-home.ts'
import { lockHome } from '../../../../src/node/home/home-lock.ts'
import { readRunFile, removeRunFile, writeRunFile } from '../../../../src/node/home/run-file.ts'
import { generateSwarmKey } from '../../../../src/node/home/swarm-key.ts'
import { createAuthority } from '../../../../src/adapters/x509/authority.ts'
import { seedToPem } from '../../../../src/adapters/system/crypto.ts'

const seed = generateSeed()
const authority = createAuthority('north.example', Date.now())
const contents: HomeContents = {
  config: 'domain: north.example\nname: node1\nroles: [aca]\n',
  key: seedToPem(seed),
  swarmKey: generateSwarmKey(),
  roots: { 'north.example': 'ROOT' },
  aca: {
    rootKey: authority.rootKey,
    root: authority.rootCert,
    rootCrl: authority.rootCrl,
    issuingKey: authority.issuingKey,
    issuing: authority.issuingCert
  }
}

describe('home of a node', () => {
  let base: string
  let home: string
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'hansa-home-'))
    home = join(base, 'deep', 'home')
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

  it('is made with every key closed to others and opens again', async () => {
    const paths = await createHome(home, contents)
    for (const path of [paths.key, paths.swarmKey, paths.adminToken, paths.aca.rootKey, paths.aca.issuingKey]) assert.equal(await mode(path), 0o600, path)
    const opened = await openHome(home, {})
    assert.deepEqual(opened.seed, seed)
    assert.equal(opened.config.domain, 'north.example')
    assert.equal(opened.chainPem, undefined)
    assert.ok(opened.adminToken.length >= 43)
    assert.equal(opened.resolve('data'), paths.data)
    assert.deepEqual(await readdir(join(base, 'deep')), ['home'], 'nothing is left beside it')
  })

  it('is made in an empty directory that is there already', async () => {
    await mkdir(home, { recursive: true })
    await createHome(home, contents)
    assert.equal((await openHome(home, {})).config.name, 'node1')
  })

  it('is not made over something, which stays untouched', async () => {
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'precious'), 'x')
    await assert.rejects(createHome(home, contents), { code: 'HOME_EXISTS' })
    assert.deepEqual(await readdir(home), ['precious'])
    assert.deepEqual(await readdir(join(base, 'deep')), ['home'])
  })

  it('is not made where a file is', async () => {
    await mkdir(join(base, 'deep'))
    await writeFile(home, 'x')
    await assert.rejects(createHome(home, contents), { code: 'HOME_EXISTS' })
  })

  it('that is not there is HOME_MISSING', async () => {
    await assert.rejects(openHome(home, {}), { code: 'HOME_MISSING' })
  })

  it('without its key says which file is missing', async () => {
    const paths = await createHome(home, contents)
    await unlink(paths.key)
    await assert.rejects(openHome(home, {}), { code: 'KEY_MISSING', message: `cannot read the node's key: ${paths.key}` })
  })

  it('with something else for a key is refused', async () => {
    const paths = await createHome(home, { ...contents, key: 'no key' })
    await assert.rejects(openHome(home, {}), { code: 'KEY_MISSING', message: new RegExp(paths.key) })
  })

  for (const [who, bits] of [
    ['the group', 0o640],
    ['everybody', 0o604],
    ['a group that may write', 0o620]
  ] as const)
    it(`with a key open to ${who} is refused with the mode and the remedy`, async () => {
      const paths = await createHome(home, contents)
      await chmod(paths.key, bits)
      await assert.rejects(openHome(home, {}), (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, 'KEY_EXPOSED')
        assert.match(error.message, new RegExp(`has mode 0${bits.toString(8)}`))
        assert.match(error.hint, new RegExp(`chmod 600 ${paths.key}`))
        return true
      })
    })

  it('with an open swarm key or admin token is refused as well', async () => {
    const paths = await createHome(home, contents)
    await chmod(paths.swarmKey, 0o644)
    await assert.rejects(openHome(home, {}), { code: 'KEY_EXPOSED' })
    await chmod(paths.swarmKey, 0o600)
    await chmod(paths.adminToken, 0o644)
    await assert.rejects(openHome(home, {}), { code: 'KEY_EXPOSED' })
  })

  it('with a swarm key of another form is refused', async () => {
    await createHome(home, { ...contents, swarmKey: 'secret' })
    await assert.rejects(openHome(home, {}), { code: 'KEY_MISSING' })
  })

  it('of a public swarm needs no swarm key', async () => {
    const { swarmKey: _, ...rest } = contents
    await createHome(home, { ...rest, config: `${contents.config}swarm: { key: public }\n` })
    assert.equal((await openHome(home, {})).swarmKey, undefined)
  })

  it('is inspected without a node: every check passes, and an open key is found', async () => {
    const paths = await createHome(home, contents)
    assert.deepEqual(
      (await inspectHome(home, {})).filter((check) => !check.ok),
      []
    )
    await chmod(paths.aca.rootKey, 0o644)
    assert.deepEqual(
      (await inspectHome(home, {})).filter((check) => !check.ok).map((check) => check.check),
      ['authority']
    )
  })
})

describe('run file', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-run-'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))
  const run = {
    pid: process.pid,
    startedAt: 1,
    version: '0.1.0',
    spiffeId: 'spiffe://north.example/agw/gw1',
    peer: '12D3',
    admin: 'http://127.0.0.1:1',
    swarm: []
  }

  it('is read while its process holds the home', async () => {
    const paths = homePaths(dir)
    const lock = lockHome(paths)
    await writeRunFile(paths, run)
    assert.deepEqual(await readRunFile(paths), run)
    lock.release()
    await removeRunFile(paths)
    await assert.rejects(readRunFile(paths), { code: 'NODE_NOT_RUNNING' })
  })

  it('that a killed process left means that no node is running, also when its pid and port are those of another one now', async () => {
    const paths = homePaths(dir)
    lockHome(paths).release()
    await writeRunFile(paths, run)
    await assert.rejects(readRunFile(paths), { code: 'NODE_NOT_RUNNING' })
    lockHome(paths).release()
  })

  it('that is damaged means the same', async () => {
    const paths = homePaths(dir)
    await writeFile(paths.run, (await readFile(import.meta.filename)).subarray(0, 10))
    await assert.rejects(readRunFile(paths), { code: 'NODE_NOT_RUNNING' })
  })
})
