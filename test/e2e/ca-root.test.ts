import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import type { RootView } from '../../src/node/authority/authority-desk.ts'
import { homePaths } from '../../src/node/home/home-paths.ts'
import { HansaProcesses } from '../support/hansa-process.ts'

const PASSPHRASE = 'correct horse battery'
const openssl = spawnSync('openssl', ['version']).status === 0

describe('the root of a domain at the command line', () => {
  const hansa = new HansaProcesses()
  const home = hansa.path('north')
  const paths = homePaths(home)
  const secret = hansa.path('passphrase')
  const exported = hansa.path('root.key')
  after(() => hansa.end())

  it('is sealed when the domain is founded, and openssl opens it', async () => {
    await writeFile(secret, `${PASSPHRASE}\n`, { mode: 0o600 })
    const made = await hansa.text('init', '--domain', 'north.example', '--roles', 'aca', '--home', home, '--seal', '--passphrase-file', secret)
    assert.doesNotMatch(made, /lies open/)
    assert.equal((await stat(paths.aca.rootKey)).mode & 0o777, 0o600)
    if (openssl) assert.equal(spawnSync('openssl', ['pkey', '-noout', '-in', paths.aca.rootKey, '-passin', `file:${secret}`]).status, 0)
    const open = await hansa.text('init', '--domain', 'south.example', '--roles', 'aca', '--home', hansa.path('south'))
    assert.match(open, /lies open in the home.*hansa ca root seal/)
  }).timeout(60_000)

  it('signs nothing without the passphrase, which is never an argument and never in a file for others to read', async () => {
    const none = await hansa.run(['ca', 'root', 'crl', '--home', home])
    assert.deepEqual([none.code, /ROOT_SEALED/.test(none.stderr)], [1, true])
    const signed = await hansa.run(['ca', 'root', 'crl', '--home', home, '--json'], { env: { HANSA_ROOT_PASSPHRASE_FILE: secret } })
    assert.equal((JSON.parse(signed.stdout) as RootView).roots[0]?.list?.number, 2)
    const open = hansa.path('open')
    await writeFile(open, PASSPHRASE, { mode: 0o644 })
    const exposed = await hansa.run(['ca', 'root', 'crl', '--home', home, '--passphrase-file', open])
    assert.match(exposed.stderr, /KEY_EXPOSED/)
  }).timeout(60_000)

  it('goes out of the home and signs a new issuing CA from there', async () => {
    const before = (await hansa.json<RootView>('ca', 'root', 'show', '--home', home))[0]
    assert.match(await hansa.text('ca', 'root', 'export', exported, '--home', home), /root key +not in the home/)
    assert.ok(!existsSync(paths.aca.rootKey))
    const text = await hansa.text('ca', 'rollover', 'issuing', '--root-key', exported, '--passphrase-file', secret, '--home', home)
    assert.match(text, new RegExp(`retired CA +${before?.issuing.serial} since .*signs lists until .*then its key may be deleted`))
    const revoke = ['--revoke-issuing', before?.issuing.serial ?? '', '--reason', 'keyCompromise']
    assert.match(
      await hansa.text('ca', 'root', 'crl', '--root-key', exported, '--passphrase-file', secret, '--home', home, ...revoke),
      /number 3 until .*, 1 revoked/
    )
  }).timeout(60_000)

  it('is replaced in three steps, and the bundle of the domain holds both in between', async () => {
    const roots = async () => (await readFile(`${paths.roots}/north.example.pem`, 'utf8')).match(/BEGIN CERTIFICATE/g)?.length
    assert.match(
      await hansa.text('ca', 'rollover', 'root', '--seal', '--passphrase-file', secret, '--home', home),
      /next root +SHA256:.*\n.*\n.*\n.*\n.*\nrollover +announced/
    )
    assert.equal(await roots(), 2)
    const early = await hansa.run(['ca', 'rollover', 'activate', '--home', home])
    assert.match(early.stderr, /nobody can have heard/)
    assert.match(await hansa.text('ca', 'rollover', 'activate', '--now', '--home', home), /previous root/)
    assert.equal(await roots(), 2)
    assert.doesNotMatch(await hansa.text('ca', 'rollover', 'finish', '--home', home), /previous root/)
    assert.equal(await roots(), 1)
  }).timeout(60_000)

  it('is not touched while the node runs', async () => {
    await hansa.node(home)
    const busy = await hansa.run(['ca', 'rollover', 'issuing', '--root-key', exported, '--passphrase-file', secret, '--home', home])
    assert.match(busy.stderr, /HOME_LOCKED/)
  }).timeout(60_000)
})
