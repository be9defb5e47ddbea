// reflect-metadata must come first: @peculiar/x509 needs it while it loads.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import * as x509 from '@peculiar/x509'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import { homePaths } from '../../src/node/home/home-paths.ts'
import { openHome } from '../../src/node/home/open-home.ts'
import { ApplicationState } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { methods } from '../../src/wire/methods.ts'
import { at, foundWorld, type World } from '../support/draft-world.ts'

describe('draft 3.1.1 Certificate Application', () => {
  let world: World
  before(async () => (world = await foundWorld({ connected: false })))
  after(() => world.net.stop())

  async function voucherFor(name: string): Promise<string> {
    const made = await world.north.founder.aca?.createVoucher({ roles: ['agent'], name, ttlMs: 60_000, uses: 1 })
    return made?.voucher ?? ''
  }

  /** An application from a node of somewhere else: what anybody on the swarm could send. */
  function apply(csr: Uint8Array, voucher: string) {
    return world.southGateway.rpc.call(at(world.north.founder), methods.apply, { csr, voucher })
  }

  function csrOf(node: World['northGateway']): Uint8Array {
    return makeCsr(createSigner(node.home.seed))
  }

  it('the agent applies with its public key and retains the private key, which it does not disclose', async () => {
    const home = await world.net.enrol(world.north, 'modest', ['agent'])
    const { key } = homePaths(home)
    assert.equal((await stat(key)).mode & 0o777, 0o600)
    const { seed, chainPem = '' } = await openHome(home, {})
    const spki = new X509Certificate(chainPem).publicKey.export({ format: 'der', type: 'spki' })
    assert.deepEqual(spki, Buffer.from(createSigner(seed).publicKey))
    const ledger = await readFile(`${homePaths(world.net.dir + '/north.example/hub').data}/node.db`)
    assert.ok(!ledger.includes(Buffer.from(seed)))
  })

  it('the ACA checks the authenticity of the materials: a voucher that it has not made, or none, is refused', async () => {
    const csr = csrOf(world.southGateway)
    await assert.rejects(apply(csr, 'f'.repeat(64)), { code: 'VOUCHER_INVALID' })
    await assert.rejects(apply(csr, ''), { code: 'VOUCHER_INVALID' })
  })

  it('the ACA checks that the applicant holds the private key: a request with the key of another node is refused, and the voucher stays good', async () => {
    const voucher = await voucherFor('held')
    await assert.rejects(apply(csrOf(world.northGateway), voucher), { code: 'CSR_INVALID' })
    const own = csrOf(world.southGateway)
    const broken = own.map((byte, index) => (index === own.length - 1 ? byte ^ 1 : byte))
    await assert.rejects(apply(broken, voucher), { code: 'CSR_INVALID' })
    assert.equal((await apply(own, voucher)).state, ApplicationState.ISSUED)
  })

  it('the ACA checks whether the public key meets encryption standards: a key of another kind is refused', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=weak', keys, signingAlgorithm: algorithm })
    await assert.rejects(apply(new Uint8Array(csr.rawData), await voucherFor('weak')), { code: 'CSR_INVALID' })
    await assert.rejects(apply(new Uint8Array([1, 2, 3]), await voucherFor('junk')), { code: 'CSR_INVALID' })
  })

  it('the ACA checks whether the functions are within the permitted scope: the certificate has the name and roles of the voucher, whatever is asked for', async () => {
    const { net, north, northGateway } = world
    const applicant = world.south.founder
    const keys = createSigner(applicant.home.seed)
    const { chain } = await applicant.rpc.call(at(north.founder), methods.apply, { csr: makeCsr(keys), voucher: await voucherFor('narrow') })
    const identity = northGateway.identities.verify(keys.peer, chain)
    assert.deepEqual([identity.spiffeId, identity.roles], ['spiffe://north.example/agent/narrow', ['agent']])
    // An agent stays an agent: what only gateways and servers may do is refused.
    const agent = await net.join(north, { name: 'climber', roles: ['agent'] })
    const asGateway = { protocols: ['relay/1', 'sync/1'], gateway: agent.member.self() }
    await assert.rejects(agent.rpc.call(at(northGateway), methods.connect, asGateway), { code: 'PERMISSION_DENIED' })
    await assert.rejects(agent.rpc.call(at(northGateway), methods.report, {}), { code: 'PERMISSION_DENIED' })
  })

  it('upon approval the ACA generates a certificate with identity, public key, validity period and its digital signature, and sends it', async () => {
    const { net, north } = world
    const { chainPem = '' } = await openHome(await net.enrol(north, 'complete', ['agent']), {})
    const [leaf, issuing, root] = chainPem.split(/(?<=-----END CERTIFICATE-----)\s+/).map((pem) => (pem === '' ? undefined : new X509Certificate(pem)))
    assert.ok(leaf !== undefined && issuing !== undefined && root !== undefined)
    assert.equal(leaf.subjectAltName, 'URI:spiffe://north.example/agent/complete')
    assert.equal(leaf.publicKey.asymmetricKeyType, 'ed25519')
    assert.ok(leaf.validFromDate.getTime() <= Date.now() && leaf.validToDate.getTime() > Date.now())
    assert.ok(leaf.verify(issuing.publicKey) && issuing.verify(root.publicKey) && root.verify(root.publicKey))
    assert.ok(!leaf.verify(root.publicKey))
  })
})
