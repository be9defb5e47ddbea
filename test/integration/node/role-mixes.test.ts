import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeOperations } from '../../../src/admin/node/node-operations.ts'
import { ROLES, type Role } from '../../../src/core/ids/role.ts'
import { createNode } from '../../../src/node/create-node.ts'
import { createTestnet, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'

/** All 15: each role in it or not, but for none. */
const MIXES: readonly (readonly Role[])[] = Array.from({ length: 15 }, (_, index) => ROLES.filter((_role, bit) => ((index + 1) & (1 << bit)) !== 0))

describe('every mix of the four roles', () => {
  let net: Testnet
  let north: TestDomain
  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [{ name: 'founder', roles: ['aca', 'ars', 'agw'] }])
  })
  after(() => net.stop())

  for (const [index, roles] of MIXES.entries())
    it(`${roles.join()}: starts, says its status, and stops`, async () => {
      // A node with the role aca holds the keys of the authority: it founds its domain, the others join one.
      const founds = roles.includes('aca')
      const name = `mix${index}`
      const domain = founds ? await net.domain(`${name}.example`, [{ name, roles }]) : north
      const node = founds
        ? domain.founder
        : roles.includes('agent')
          ? (await net.agent(domain, name, { roles, capabilities: ['mix'] })).node
          : await net.join(domain, { name, roles })
      const status = await nodeOperations(node).status({}, new AbortController().signal)
      assert.deepEqual([status.state, status.roles, status.spiffeId], ['running', [...roles], `spiffe://${domain.name}/${roles[0]}/${name}`])
      assert.ok(status.addresses.length > 0 && (status.certificate?.notAfter ?? 0) > Date.now())
      assert.deepEqual(
        [node.aca, node.ars, node.agw].map((role) => role !== undefined),
        [founds, roles.includes('ars'), roles.includes('agw')]
      )
      assert.equal(status.ingress !== undefined, founds || roles.includes('agw'))
      assert.equal(status.registeredAgents !== undefined, roles.includes('ars'))
      if (!founds) assert.equal(status.agent?.handle, roles.includes('agent') ? `${name}@north.example` : undefined)
      await node.stop()
      assert.equal(node.network.peers().length, 0)
      // The home is free again.
      const again = await createNode({ home: node.home.paths.dir, env: { HANSA_LOG_LEVEL: 'silent' } })
      await again.stop()
    })

  it('a start that fails stops what had started and frees the home', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const home = await net.enrol(north, 'unlucky', ['ars', 'agw'])
    const env = { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_GATEWAY_LISTEN: `127.0.0.1:${port}`, HANSA_LOG_LEVEL: 'silent' }
    const node = await createNode({ home, env })
    await assert.rejects(node.start(), { code: 'PORT_TAKEN' })
    assert.deepEqual(node.network.peers(), [])
    await assert.rejects(node.network.dial(north.founder.network.addresses()[0] ?? '', AbortSignal.timeout(2_000)))
    await new Promise((resolve) => taken.close(resolve))
    // The same home, the same port, which is free now.
    const second = await createNode({ home, env })
    await second.start()
    assert.equal(second.state, 'running')
    await second.stop()
  })

  it('a home is for one node at a time', async () => {
    await assert.rejects(createNode({ home: north.founder.home.paths.dir, env: { HANSA_LOG_LEVEL: 'silent' } }), { code: 'HOME_LOCKED' })
  })
})
