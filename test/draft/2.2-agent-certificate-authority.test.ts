import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { peerIdOf } from '../../src/core/ids/peer-id.ts'
import { joinHome } from '../../src/node/join-home.ts'
import { createTestnet } from '../../src/node/testnet.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { CertificateState } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { at, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

describe('draft 2.2 Agent Certificate Authority', () => {
  let world: World
  before(async () => (world = await foundWorld()))
  after(() => world.net.stop())

  it('verifies the real identity of an agent; after verification, a unique digital certificate is generated and issued', async () => {
    const { net, north } = world
    const made = await Promise.all([net.agent(north, 'one', { ready: false }), net.agent(north, 'two', { ready: false })])
    const [one, two] = made.map(({ node }) => node.desk.ownCertificate())
    assert.equal(one?.spiffeId, 'spiffe://north.example/agent/one')
    assert.equal(two?.spiffeId, 'spiffe://north.example/agent/two')
    assert.notEqual(one?.serial, two?.serial)
    assert.deepEqual(
      north.founder.aca?.show('one').map(({ serial, state }) => ({ serial, state })),
      [{ serial: one?.serial, state: 'good' }]
    )
  })

  it('issues nothing to who cannot be verified: an unknown voucher, or one that was used', async () => {
    const { net, north } = world
    const { invite } = await north.founder.desk.invite({ roles: ['agent'], name: 'once', ttlMs: 60_000, uses: 1, replace: false })
    await joinHome({ home: `${net.dir}/once`, invite, signal: AbortSignal.timeout(8_000) })
    await assert.rejects(joinHome({ home: `${net.dir}/twice`, invite, signal: AbortSignal.timeout(8_000) }), { code: 'VOUCHER_INVALID' })
    await assert.rejects(readFile(`${net.dir}/twice/chain.pem`), { code: 'ENOENT' })
  })

  it('by certificates with identity and public key it enables other agents and systems to verify the identity of the agent', async () => {
    const { net, north, southGateway } = world
    const { node } = await net.agent(north, 'shown', { ready: false })
    const chain = node.identities.chain()
    const [leaf = new Uint8Array()] = chain
    // Its key is the key of the node, and its issuer the ACA; a gateway of another domain verifies both by the root it has listed.
    assert.equal(peerIdOf(parseCertificate(leaf).spki), node.network.peer)
    const seen = southGateway.identities.verify(node.network.peer, chain)
    assert.deepEqual([seen.spiffeId, seen.own], ['spiffe://north.example/agent/shown', false])
  })

  it('prevents the access of counterfeit agents: a certificate shown by another node, changed, or of a root that nobody listed, is refused', async () => {
    const { net, north, southGateway, northGateway } = world
    const { node } = await net.agent(north, 'genuine', { ready: false })
    const chain = node.identities.chain()
    assert.throws(() => southGateway.identities.verify(northGateway.network.peer, chain), { code: 'CERTIFICATE_INVALID' })
    const forged = chain.map((certificate, index) =>
      index === 0 ? certificate.map((byte, at) => (at === certificate.length - 1 ? byte ^ 1 : byte)) : certificate
    )
    assert.throws(() => southGateway.identities.verify(node.network.peer, forged), { code: 'CERTIFICATE_INVALID' })
    const west = await net.domain('west.example', [{ name: 'hub', roles: ['aca'] }])
    await assert.rejects(west.founder.rpc.call(at(northGateway), methods.ping, {}), { code: 'UNKNOWN_DOMAIN' })
  })

  it('manages the full life of a certificate: renewal before its validity ends', async () => {
    const { net, north } = world
    const { node } = await net.agent(north, 'long-lived', { ready: false })
    const before = node.desk.ownCertificate()
    await node.member.renew()
    const after = node.desk.ownCertificate()
    assert.notEqual(after.serial, before.serial)
    assert.equal(after.peer, before.peer)
    assert.ok(after.notAfter >= before.notAfter)
  })

  it('manages the full life of a certificate: revocation when the key of an agent is leaked, and the holder gets no other one', async () => {
    const { net, north } = world
    const { node } = await net.agent(north, 'leaked', { ready: false })
    assert.equal((await node.desk.certificateStatus()).state, CertificateState.GOOD)
    await north.founder.aca?.revoke('leaked', 'keyCompromise')
    assert.deepEqual(
      north.founder.aca?.show('leaked').map(({ state, reason }) => [state, reason]),
      [['revoked', 'keyCompromise']]
    )
    await until('the holder is refused for it', () =>
      node.member.renew().then(
        () => assert.fail('renewed'),
        (error: unknown) => error instanceof HansaError && error.code === 'CERTIFICATE_REVOKED'
      )
    )
  })
})

describe('draft 2.2 Agent Certificate Authority: deregistration', function () {
  this.timeout(60_000)
  it('the ACA revokes the certificate of an agent that the ARS has deregistered, where its policy says so, and not otherwise', async () => {
    const net = await createTestnet()
    try {
      const env = { HANSA_CA_ON_DEREGISTRATION: 'revoke' }
      const strict = await net.domain('strict.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'], env }])
      const lax = await net.domain('lax.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
      for (const domain of [strict, lax]) {
        await net.agent(domain, 'ended', { capabilities: ['travel'] })
        await net.agent(domain, 'stays', { capabilities: ['travel'] })
        const leaving = (await net.agent(domain, 'leaving', { capabilities: ['travel'] })).node
        await leaving.agent?.deregister()
        await domain.founder.ars?.deregister('ended')
      }
      const shown = (name: string) => strict.founder.aca?.show(name).map(({ state, reason }) => [state, reason])
      for (const name of ['leaving', 'ended'])
        await until(`${name} is revoked`, () => JSON.stringify(shown(name)) === JSON.stringify([['revoked', 'cessationOfOperation']]))
      assert.deepEqual(shown('stays'), [['good', undefined]])
      assert.deepEqual(
        ['leaving', 'ended', 'stays'].flatMap((name) => lax.founder.aca?.show(name).map(({ state }) => state)),
        ['good', 'good', 'good']
      )
    } finally {
      await net.stop()
    }
  })
})
