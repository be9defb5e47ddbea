import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePem } from '../../../src/wire/x509/pem.ts'
import { writeCrl } from '../../../src/wire/x509/crl.ts'
import { parseCertificate } from '../../../src/wire/x509/certificate.ts'
import { runCli } from '../../support/cli.ts'
import { MINTED_AT } from '../../support/mint.ts'
import { testDomain, type TestDomain, type TestNode } from '../../support/pki.ts'

const AT = new Date(MINTED_AT).toISOString()

describe('hansa cert verify', () => {
  let folder: string
  let north: TestDomain
  let node: TestNode
  const file = (name: string): string => join(folder, name)

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hansa-verify-'))
    north = await testDomain('north.example', MINTED_AT)
    node = await north.leaf({ name: 'flight' })
    const pem = (der: Uint8Array | undefined): string => encodePem('CERTIFICATE', der ?? new Uint8Array())
    await writeFile(file('leaf.pem'), `flight\n${pem(node.chain[0])}`)
    await writeFile(file('leaf.der'), node.chain[0] ?? '')
    await writeFile(file('chain.pem'), pem(north.issuing))
    await writeFile(file('roots.pem'), pem(north.root))
    const { serial, issuer } = parseCertificate(node.chain[0] ?? new Uint8Array())
    const list = (revoked: string[]): Uint8Array =>
      writeCrl(
        {
          ...{ issuer, issuerKeyIdentifier: parseCertificate(north.issuing).subjectKeyIdentifier ?? '', number: 1 },
          ...{ thisUpdate: MINTED_AT - 1000, nextUpdate: MINTED_AT + 3_600_000 },
          revoked: revoked.map((each) => ({ serial: each, at: MINTED_AT, reason: 'superseded' as const }))
        },
        north.sign
      )
    await writeFile(file('good.crl'), list([]))
    await writeFile(file('bad.crl'), encodePem('X509 CRL', list([serial])))
    const limbo = (id: string, want: string, extra: object): object => ({
      ...{ id, expected_result: want, validation_kind: 'CLIENT', validation_time: AT, crls: [], expected_peer_name: null },
      ...{ trusted_certs: [pem(north.root)], untrusted_intermediates: [pem(north.issuing)], peer_certificate: pem(node.chain[0]) },
      ...extra
    })
    const cases = [
      limbo('good', 'SUCCESS', {}),
      limbo('late', 'FAILURE', { validation_time: '2030-01-01T00:00:00+00:00' }),
      limbo('alone', 'SUCCESS', { trusted_certs: [] })
    ]
    await writeFile(file('cases.json'), JSON.stringify({ version: 1, testcases: cases }))
    await writeFile(file('good.json'), JSON.stringify({ version: 1, testcases: cases.slice(0, 2) }))
    await writeFile(file('none.json'), '{"testcases":[{"id":"x"}]}')
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const verify = (...more: string[]) =>
    runCli(['cert', 'verify', '--leaf', file('leaf.pem'), '--chain', file('chain.pem'), '--roots', file('roots.pem'), '--at', AT, ...more])

  it('believes a good path, of PEM or DER, without a node or a home, and says whose it is', async () => {
    const { code, stdout } = await verify('--purpose', 'client')
    assert.equal(code, 0)
    assert.match(stdout, /^valid\nnode +spiffe:\/\/north[.]example\/agent\/flight\nroles +agent\n/)
    assert.equal((await verify('--leaf', file('leaf.der'), '--crl', file('good.crl'))).code, 0)
  })

  it('exits 1 with the reason of a refusal', async () => {
    const { code, stdout, stderr } = await verify('--at', '2030-01-01T00:00:00Z')
    assert.deepEqual([code, stdout], [1, 'invalid      expired\n'])
    assert.match(stderr, /^hansa: .* has expired .*[(]expired[)]\n$/)
    const json = await verify('--crl', file('bad.crl'), '--json')
    assert.equal(json.code, 1)
    assert.equal((JSON.parse(json.stdout) as { reason: string }).reason, 'revoked')
  })

  it('counts several lists, and wants one about the leaf when there are any', async () => {
    assert.equal((await verify('--crl', file('good.crl'), '--crl', file('bad.crl'))).code, 1)
  })

  it('runs a file of cases: a line each and a count, or an object each', async () => {
    const { code, stdout } = await runCli(['cert', 'verify', '--cases', file('cases.json')])
    assert.equal(code, 1)
    assert.equal(
      stdout,
      'good ok got=SUCCESS want=SUCCESS\nlate ok got=FAILURE want=FAILURE\nalone FAIL got=FAILURE want=SUCCESS reason=unknown-root\n2 of 3 ok\n'
    )
    const json = await runCli(['cert', 'verify', '--cases', file('good.json'), '--json'])
    assert.equal(json.code, 0)
    const lines = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; ok: boolean; reason?: string })
    assert.deepEqual(
      lines.map(({ id, ok, reason }) => [id, ok, reason]),
      [
        ['good', true, undefined],
        ['late', true, 'expired']
      ]
    )
  })

  it('refuses a file that is none of cases, certificates or at all there', async () => {
    assert.match((await runCli(['cert', 'verify', '--cases', file('none.json')])).stderr, /testcases[.]0.*MALFORMED/)
    assert.match((await runCli(['cert', 'verify', '--cases', file('leaf.pem')])).stderr, /MALFORMED/)
    assert.match((await verify('--roots', file('cases.json'))).stderr, /MALFORMED/)
    assert.match((await verify('--roots', file('nowhere.pem'))).stderr, /NOT_FOUND/)
    assert.match((await runCli(['cert', 'verify', '--leaf', file('leaf.pem')])).stderr, /--roots are wanted.*INVALID_ARGUMENT/)
    assert.equal((await verify('--at', 'yesterday')).code, 2)
    assert.equal((await verify('--purpose', 'both')).code, 2)
  })
})
