import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { CertificateState } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { parseCrl } from '../../src/wire/x509/crl.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { at, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 3.1.2 Certificate Management', () => {
  let world: World
  let aca: HansaNode
  before(async () => {
    world = await foundWorld()
    aca = world.north.founder
  })
  after(() => world.net.stop())

  function join(name: string): Promise<HansaNode> {
    return world.net.join(world.north, { name, roles: ['agent'] })
  }

  function codeOf(call: Promise<unknown>): Promise<string> {
    return call.then(
      () => 'done',
      (error: unknown) => (error instanceof HansaError ? error.code : String(error))
    )
  }

  it('the agent can query the status of its certificate at any time: within the validity period, or revoked', async () => {
    const node = await join('asking')
    const own = node.desk.ownCertificate()
    const status = await node.desk.certificateStatus()
    assert.deepEqual([status.state, status.serial, Number(status.notAfter)], [CertificateState.GOOD, own.serial, own.notAfter])
    const other = await join('other')
    await aca.aca?.revoke('asking', 'cessationOfOperation')
    const seen = await other.rpc.call(at(aca), methods.certificateStatus, { serial: own.serial })
    assert.deepEqual([seen.state, seen.reason], [CertificateState.REVOKED, 'cessationOfOperation'])
    assert.ok(seen.revokedAt > 0n)
  })

  it('does not know what it has not issued, and tells nothing to other domains', async () => {
    const node = await join('curious')
    assert.equal((await node.rpc.call(at(aca), methods.certificateStatus, { serial: 'abc123' })).state, CertificateState.UNKNOWN)
    await assert.rejects(world.southGateway.rpc.call(at(aca), methods.certificateStatus, { serial: '' }), { code: 'PERMISSION_DENIED' })
  })

  it('the agent renews along with the old certificate, and replaces the old certificate with the new one', async () => {
    const node = await join('renewing')
    const before = node.desk.ownCertificate()
    await node.member.renew()
    const after = node.desk.ownCertificate()
    assert.notEqual(after.serial, before.serial)
    assert.deepEqual([after.spiffeId, after.peer, after.roles], [before.spiffeId, before.peer, before.roles])
    assert.ok(after.notAfter >= before.notAfter)
    // The new one is what others are shown from now on.
    assert.equal((await aca.rpc.hello(at(node))).serial, after.serial)
    assert.match(await readChain(node), /BEGIN CERTIFICATE/)
    assert.equal(await readChain(node), after.chainPem)
  })

  it('renews nothing for another key, for another domain, or for a certificate that was revoked', async () => {
    const node = await join('cheating')
    const other = makeCsr(createSigner(aca.home.seed))
    await assert.rejects(node.rpc.call(at(aca), methods.renew, { csr: other }), { code: 'CSR_INVALID' })
    const foreign = world.southGateway
    await assert.rejects(foreign.rpc.call(at(aca), methods.renew, { csr: makeCsr(createSigner(foreign.home.seed)) }), { code: 'PERMISSION_DENIED' })
    await aca.aca?.revoke('cheating', 'privilegeWithdrawn')
    const csr = makeCsr(createSigner(node.home.seed))
    await until('the refusal', async () => (await codeOf(node.rpc.call(at(aca), methods.renew, { csr }))) === 'CERTIFICATE_REVOKED')
  })

  it('the agent can have its own certificate revoked, and nobody else’s', async () => {
    const [leaver, rival] = await Promise.all([join('leaver'), join('rival')])
    const { serial } = leaver.desk.ownCertificate()
    await assert.rejects(rival.rpc.call(at(aca), methods.revoke, { serial, reason: 'keyCompromise' }), { code: 'PERMISSION_DENIED' })
    await assert.rejects(leaver.rpc.call(at(aca), methods.revoke, { serial, reason: 'boredom' }), { code: 'INVALID_ARGUMENT' })
    assert.equal(aca.aca?.show('leaver')[0]?.state, 'good')
    // The answer may be lost with the connection, which is cut as soon as the list says so.
    await codeOf(leaver.rpc.call(at(aca), methods.revoke, { serial, reason: 'keyCompromise' }))
    await until('revoked', () => aca.aca?.show('leaver')[0]?.state === 'revoked')
  })

  it('the ACA adds the certificate to the CRL, and nobody is deceived by it any more: not in the domain, not in another', async () => {
    const { southGateway } = world
    const node = await join('misused')
    const { serial } = node.desk.ownCertificate()
    const chain = node.identities.chain()
    assert.equal(southGateway.identities.verify(node.network.peer, chain).serial, serial)
    await aca.aca?.revoke('misused@north.example', 'keyCompromise')
    const list = await fetch(`${aca.ingress()}/aca/crl`)
    const crl = parseCrl(new Uint8Array(await list.arrayBuffer()))
    assert.ok(crl.revoked.has(serial))
    await until('the list has reached the other domain', () => {
      try {
        southGateway.identities.verify(node.network.peer, chain)
        return false
      } catch (error) {
        return error instanceof HansaError && error.code === 'CERTIFICATE_REVOKED'
      }
    })
    await until('its calls are refused', async () => (await codeOf(node.rpc.call(at(aca), methods.ping, {}))) === 'CERTIFICATE_REVOKED')
  })
})

function readChain(node: HansaNode): Promise<string> {
  return readFile(node.home.paths.chain, 'utf8')
}
