import assert from 'node:assert/strict'
import { createSigner } from '../../../../src/adapters/system/crypto.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { trustNode } from '../../../support/trust-node.ts'
import { MemorySwarm } from '../../../support/memory/swarm.ts'
import { testDomain } from '../../../support/pki.ts'

describe('member: a new key (draft 3.1.2)', () => {
  it('gets a certificate for the same names, and gives up the old one with the new key', async () => {
    const clock = new FakeClock()
    const swarm = new MemorySwarm(clock)
    const north = await testDomain('north.example', clock.now())
    const server = await trustNode(swarm, { domain: north, name: 'core', roles: ['aca'], aca: {} })
    const old = server.identities.self()?.serial ?? ''
    const next = createSigner(new Uint8Array(32).fill(9))
    const chain = await clock.run(server.member.rekey(next))
    const identity = server.identities.verify(next.peer, chain)
    assert.equal(identity.spiffeId, server.identities.self()?.spiffeId)
    assert.notEqual(identity.serial, old)
    assert.equal(server.aca?.show('core').length, 2)
  })
})
