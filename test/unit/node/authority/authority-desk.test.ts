import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerify } from '../../../../src/adapters/system/crypto.ts'
import { verifyIssuers } from '../../../../src/core/pki/chain.ts'
import { verifyCrl } from '../../../../src/core/pki/revocation.ts'
import { createAuthorityDesk } from '../../../../src/node/authority/create-authority-desk.ts'
import { prepareAuthority } from '../../../../src/node/authority/prepare-authority.ts'
import { changeFiles, finishChange } from '../../../../src/node/home/file-changes.ts'
import { lockHome } from '../../../../src/node/home/home-lock.ts'
import { homePaths, type HomePaths } from '../../../../src/node/home/home-paths.ts'
import { inspectHome } from '../../../../src/node/home/inspect-home.ts'
import { openHome } from '../../../../src/node/home/open-home.ts'
import { initHome } from '../../../../src/node/init-home.ts'
import { issuerOf } from '../../../../src/node/own-certificate.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { parseCrl } from '../../../../src/wire/x509/crl.ts'
import { decodePem } from '../../../../src/wire/x509/pem.ts'

const DAY = 86_400_000
const PASSPHRASE = 'correct horse battery'

describe('the authority of a home whose node does not run', () => {
  let base: string
  let home: string
  let paths: HomePaths
  let now: number
  const desk = createAuthorityDesk(() => now)
  const ask = async (): Promise<string> => PASSPHRASE
  const issuer = async () => issuerOf(await openHome(home, {}), now)
  const believed = async () => decodePem('CERTIFICATE', await readFile(join(paths.roots, 'north.example.pem'), 'utf8')).length

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'hansa-authority-'))
    home = join(base, 'home')
    paths = homePaths(home)
    now = Date.now()
    await initHome({ home, domain: 'north.example', roles: ['aca'], name: 'hub' }, now)
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  it('begins with a root whose list is good for a year and revokes nothing', async () => {
    const view = await desk.show(home)
    assert.equal(view.rootKey, 'open')
    assert.equal(view.roots.length, 1)
    assert.deepEqual([view.roots[0]?.list?.number, view.roots[0]?.list?.revoked], [1, 0])
    const [list] = (await issuer()).rootLists
    assert.ok(list?.chain[0])
    assert.deepEqual(verifyCrl(parseCrl(list.crl), parseCertificate(list.chain[0]), now, createVerify()), { ok: true })
  })

  it('is not touched while somebody uses the home', async () => {
    const lock = lockHome(paths)
    try {
      await assert.rejects(desk.show(home), { code: 'HOME_LOCKED' })
      await assert.rejects(desk.rolloverIssuing(home, {}), { code: 'HOME_LOCKED' })
    } finally {
      lock.release()
    }
  })

  it('signs with a sealed root key when the passphrase is right, and says so when it is not there', async () => {
    assert.equal((await desk.seal(home, ask)).rootKey, 'sealed')
    assert.equal((await stat(paths.aca.rootKey)).mode & 0o777, 0o600)
    await assert.rejects(desk.seal(home, ask), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(desk.signList(home, {}, {}), { code: 'ROOT_SEALED' })
    await assert.rejects(desk.signList(home, { passphrase: async () => 'something else' }, {}), { code: 'ROOT_SEALED' })
    assert.equal((await desk.signList(home, { passphrase: ask }, { days: 30 })).roots[0]?.list?.number, 2)
  })

  it('signs with a root key from elsewhere after it was exported, and with no other key', async () => {
    const file = join(base, 'root.key')
    assert.equal((await desk.export(home, file)).rootKey, 'elsewhere')
    assert.deepEqual((await readdir(paths.aca.dir)).includes('root.key'), false)
    await assert.rejects(desk.signList(home, {}, {}), { code: 'ROOT_SEALED' })
    assert.equal((await desk.signList(home, { rootKey: file }, {})).roots[0]?.list?.number, 2)
    await assert.rejects(desk.signList(home, { rootKey: paths.aca.issuingKey }, {}), { code: 'KEY_MISSING' })
    await chmod(file, 0o644)
    await assert.rejects(desk.signList(home, { rootKey: file }, {}), { code: 'KEY_EXPOSED' })
  })

  it('does not write a root key over a file', async () => {
    await writeFile(join(base, 'precious'), 'x')
    await assert.rejects(desk.export(home, join(base, 'precious')), { code: 'INVALID_ARGUMENT' })
    assert.equal((await desk.show(home)).rootKey, 'open')
  })

  it('gets a new issuing CA under the same root; the old one goes on signing lists, until nothing that it issued counts', async () => {
    const before = await issuer()
    const view = await desk.rolloverIssuing(home, {})
    const after = await issuer()
    assert.deepEqual(
      after.signers.map(({ id }) => id),
      [after.signers[0]?.id, before.signers[0]?.id]
    )
    assert.notEqual(after.signers[0]?.id, before.signers[0]?.id)
    assert.deepEqual(after.roots, before.roots)
    assert.deepEqual(verifyIssuers(after.chain.map(parseCertificate), now, createVerify()), { ok: true })
    assert.equal(view.retired[0]?.until, now + DAY)
    await assert.rejects(desk.finish(home, false), { code: 'NOT_FOUND' })
    now += 2 * DAY
    assert.equal((await issuer()).signers.length, 1)
    assert.deepEqual((await desk.finish(home, false)).retired, [])
  })

  it('revokes an issuing CA that was replaced, never the one that signs, and keeps it on later lists', async () => {
    const old = (await desk.show(home)).issuing.serial
    await assert.rejects(desk.signList(home, {}, { revoke: { serial: old, reason: 'keyCompromise' } }), { code: 'INVALID_ARGUMENT' })
    await desk.rolloverIssuing(home, {})
    await assert.rejects(desk.signList(home, {}, { revoke: { serial: '4711', reason: 'keyCompromise' } }), { code: 'NOT_FOUND' })
    await desk.signList(home, {}, { revoke: { serial: old.toUpperCase(), reason: 'keyCompromise' } })
    await desk.signList(home, {}, {})
    const [list] = (await issuer()).rootLists
    const crl = parseCrl(list?.crl ?? new Uint8Array())
    assert.deepEqual([crl.number, [...crl.revoked.keys()], crl.revoked.get(old)?.reason], [3, [old], 1])
  })

  it('rolls its root over in three steps, each when its time has come', async () => {
    const first = await issuer()
    await assert.rejects(desk.activateRoot(home, true), { code: 'INVALID_ARGUMENT' })
    const announced = await desk.announceRoot(home)
    assert.deepEqual(
      announced.roots.map(({ use }) => use),
      ['current', 'next']
    )
    assert.equal(await believed(), 2)
    assert.deepEqual((await issuer()).chain, first.chain)
    await assert.rejects(desk.announceRoot(home), { code: 'INVALID_ARGUMENT' })
    // Nobody can have heard of it before the node has run.
    now += 30 * DAY
    await assert.rejects(desk.activateRoot(home, false), { code: 'INVALID_ARGUMENT', message: /start the node/ })
    await prepareAuthority(await openHome(home, {}), now)
    await assert.rejects(desk.activateRoot(home, false), { code: 'INVALID_ARGUMENT', message: /not every member/ })
    now += DAY

    const activated = await desk.activateRoot(home, false)
    assert.deepEqual(
      activated.roots.map(({ use, sha256 }) => [use, sha256]),
      [
        ['current', announced.roots[1]?.sha256],
        ['previous', announced.roots[0]?.sha256]
      ]
    )
    const second = await issuer()
    assert.equal(second.roots.length, 2)
    assert.equal(second.rootLists.length, 2)
    assert.deepEqual(second.signers[1]?.chain, first.chain)
    assert.deepEqual(verifyIssuers(second.chain.map(parseCertificate), now, createVerify()), { ok: true })
    assert.equal(await believed(), 2)
    // The key that came with the new root is the root key now.
    const root = new X509Certificate(await readFile(paths.aca.root))
    assert.equal((await desk.signList(home, {}, {})).roots[0]?.list?.number, 2)
    assert.notEqual(root.subject, new X509Certificate(first.roots[0] ?? new Uint8Array()).subject)

    const finished = await desk.finish(home, false)
    assert.deepEqual([finished.roots.length, finished.retired.length, finished.rollover], [1, 0, undefined])
    assert.equal(await believed(), 1)
    assert.deepEqual((await readdir(paths.aca.dir)).sort(), ['issuing.key', 'issuing.pem', 'retired', 'root.crl', 'root.key', 'root.pem'])
  })

  it('seals the key of the next root, and needs it no more for the activation', async () => {
    await desk.announceRoot(home, ask)
    await desk.activateRoot(home, true)
    assert.equal((await desk.show(home)).rootKey, 'sealed')
    await assert.rejects(desk.rolloverIssuing(home, {}), { code: 'ROOT_SEALED' })
    await desk.rolloverIssuing(home, { passphrase: ask })
    assert.equal((await issuer()).signers.length, 3)
  })

  it('is whole again after a crash in the middle of a change', async () => {
    const before = await issuer()
    await desk.rolloverIssuing(home, {})
    const after = await issuer()
    // As if only the key had been replaced when the power went: the journal is there, the certificate is the old one.
    const changes = [
      { path: paths.aca.issuingKey, content: await readFile(paths.aca.issuingKey, 'utf8'), secret: true },
      { path: paths.aca.issuing, content: await readFile(paths.aca.issuing, 'utf8') }
    ]
    const journal = changes.map(({ path, ...change }) => ({ path: path.slice(home.length + 1), ...change }))
    const [retired = ''] = await readdir(paths.aca.retired)
    await writeFile(paths.aca.issuing, await readFile(join(paths.aca.retired, retired, 'issuing.pem')))
    await assert.rejects(issuer(), { code: 'KEY_MISSING' })
    await writeFile(paths.change, JSON.stringify(journal), { mode: 0o600 })
    await prepareAuthority(await openHome(home, {}), now)
    assert.deepEqual((await issuer()).chain, after.chain)
    assert.notDeepEqual((await issuer()).chain, before.chain)
    await assert.rejects(stat(paths.change))
  })

  it('changes nothing outside of the home, whatever a journal says', async () => {
    await writeFile(paths.change, JSON.stringify([{ path: '../outside', content: 'x' }]))
    await assert.rejects(finishChange(paths), { code: 'HOME_MISSING' })
    assert.deepEqual(await readdir(base), ['home'])
    await rm(paths.change)
    await changeFiles(paths, [{ path: join(paths.aca.next, 'a'), content: 'secret', secret: true }])
    assert.equal((await stat(join(paths.aca.next, 'a'))).mode & 0o777, 0o600)
    await changeFiles(paths, [{ path: join(paths.aca.next, 'a') }])
    assert.deepEqual((await readdir(paths.aca.dir)).includes('next'), false)
  })

  it('is looked at by doctor: where the root key is, and what ends when', async () => {
    const said = async () => Object.fromEntries((await inspectHome(home, {})).map(({ check, ok, detail }) => [check, ok ? detail : `FAIL ${detail}`]))
    assert.match((await said())['authority'] ?? '', /root lies open/)
    assert.match((await said())['root'] ?? '', /^root until .* \(3649 days\); issuing CA until .* \(729 days\); list of the root until .* \(364 days\)$/)
    await desk.seal(home, ask)
    assert.match((await said())['authority'] ?? '', /sealed in the home/)
    await desk.signList(home, { passphrase: ask }, { days: 30 })
    assert.match((await said())['root'] ?? '', /list of the root until .* \(29 days\), soon: hansa ca root crl/)
  })
})
