import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { toBinary } from '@bufbuild/protobuf'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { readStatusToken } from '../../src/roles/member/status-token.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { SignedRecordSchema } from '../../src/schema/generated/hansa/v1/call_pb.ts'
import { CertificateState, StatusTokenSchema } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { parseCrl } from '../../src/wire/x509/crl.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { applicable, at, foundWorld, type World } from '../support/draft-world.ts'
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

  it('the answer is signed by the ACA for a short time, so that the agent can show it to others', async () => {
    const node = await join('showing')
    const { token, serial } = await node.desk.certificateStatus()
    const { domain, state, thisUpdate, nextUpdate } = readStatusToken(token, world.southGateway.records, Date.now())
    assert.deepEqual([domain, state], ['north.example', CertificateState.GOOD])
    assert.ok(Number(nextUpdate) - Number(thisUpdate) <= 10 * 60_000)
    assert.throws(() => readStatusToken(token, world.southGateway.records, Date.now() + 11 * 60_000), { code: 'RECORD_STALE' })
    const forged = node.records.seal(StatusTokenSchema, { domain, serial, state, thisUpdate, nextUpdate })
    assert.throws(() => readStatusToken(toBinary(SignedRecordSchema, forged), world.southGateway.records, Date.now()), { code: 'PERMISSION_DENIED' })
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

  it('a certificate that was revoked wrongly, on hold, is accepted again everywhere when the hold is lifted; anything else is not lifted', async () => {
    const { southGateway } = world
    const node = await join('wronged')
    const { serial } = node.desk.ownCertificate()
    const chain = node.identities.chain()
    const refusal = (gateway: HansaNode) => {
      try {
        gateway.identities.verify(node.network.peer, chain)
        return 'accepted'
      } catch (error) {
        return error instanceof HansaError ? error.code : String(error)
      }
    }
    await aca.aca?.revoke(serial, 'certificateHold')
    assert.equal(aca.aca?.show(serial)[0]?.state, 'held')
    await until('the hold has reached the other domain', () => refusal(southGateway) === 'CERTIFICATE_REVOKED')
    await until('its calls are refused', async () => (await codeOf(node.rpc.call(at(aca), methods.ping, {}))) === 'CERTIFICATE_REVOKED')
    const csr = makeCsr(createSigner(node.home.seed))
    assert.equal(await codeOf(node.rpc.call(at(aca), methods.renew, { csr })), 'CERTIFICATE_REVOKED')
    const { released } = (await aca.aca?.release('wronged')) ?? { released: [] }
    assert.deepEqual(
      released.map((each) => [each.serial, each.state]),
      [[serial, 'good']]
    )
    await until('the release has reached the other domain', () => refusal(southGateway) === 'accepted')
    await until('its calls are accepted again', async () => (await codeOf(node.rpc.call(at(aca), methods.ping, {}))) === 'done')
    assert.equal((await node.desk.certificateStatus()).state, CertificateState.GOOD)
    await aca.aca?.revoke(serial, 'privilegeWithdrawn')
    await assert.rejects(async () => aca.aca?.release(serial), { code: 'INVALID_ARGUMENT', message: /applies anew/ })
  })

  it('an agent whose hold is lifted comes back to its gateway and to the directory by itself', async () => {
    const { net, north, northGateway } = world
    const { handle } = await net.agent(north, 'paused', { capabilities: ['travel'] })
    const found = async () => (await codeOf(Promise.resolve(northGateway.ars?.resolve(handle)))) === 'done'
    await until('it is there', () => applicable(northGateway).includes(handle))
    await aca.aca?.revoke('paused', 'certificateHold')
    await until('it is gone', () => !applicable(northGateway).includes(handle))
    await until('nobody finds it', async () => !(await found()))
    await aca.aca?.release('paused')
    await until('it is back', () => applicable(northGateway).includes(handle), 40_000)
    assert.ok(await found())
  }).timeout(60_000)

  it('a key that was given up as compromised is never certified again', async () => {
    const node = await join('lost')
    await aca.aca?.revoke('lost', 'keyCompromise')
    const voucher = await aca.aca?.createVoucher({ roles: ['agent'], name: 'lost', ttlMs: 60_000 })
    const applying = node.rpc.call(at(aca), methods.apply, { csr: makeCsr(createSigner(node.home.seed)), voucher: voucher?.voucher ?? '' })
    const code = await codeOf(applying)
    assert.ok(['KEY_REFUSED', 'CSR_INVALID', 'CERTIFICATE_REVOKED'].includes(code), code)
    assert.ok(aca.aca?.show('lost').every(({ state }) => state === 'revoked'))
  })

  it('every decision is in a log that can be verified', () => {
    const verdict = aca.aca?.verifyAudit()
    assert.equal(verdict?.ok, true, verdict?.why)
    const events = new Set(aca.aca?.audit({ limit: 1000 }).map(({ event }) => event))
    for (const event of ['issued', 'renewed', 'revoked', 'released', 'crl']) assert.ok(events.has(event), event)
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
