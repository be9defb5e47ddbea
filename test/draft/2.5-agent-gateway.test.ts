import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { replyText } from '../../src/roles/agent/reply-text.ts'
import { createNode } from '../../src/node/create-node.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { initHome } from '../../src/node/init-home.ts'
import { openHome } from '../../src/node/home/open-home.ts'
import type { TestDomain } from '../../src/node/testnet.ts'
import { toHansaError } from '../../src/schema/errors.ts'
import { StatusFilter } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { OriginAssertionSchema } from '../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { outsiderAt } from '../../src/cli/demo/outsider.ts'
import { methods } from '../../src/wire/methods.ts'
import { applicable, at, foundWorld, type World } from '../support/draft-world.ts'
import { forgedCall } from '../support/forged-call.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const SOUTH = 'spiffe://south.example/agw/gw'
const WEST = 'spiffe://west.example/aca/hub'

/** north - south - west in a line: north and west list each other, but their gateways are not interconnected. */
describe('draft 2.5 Agent Gateway', () => {
  let world: World
  let west: TestDomain
  let flight: HansaNode
  let proxy: TcpProxy
  before(async () => {
    proxy = await TcpProxy.open()
    world = await foundWorld()
    const { net, north, northGateway, southGateway } = world
    west = await net.domain('west.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'], env: { ...proxy.env, HANSA_GATEWAY_EXPORT: 'open@west.example' } }])
    await northGateway.identities.list('west.example', west.founder.identities.roots('west.example'))
    await net.interconnect(southGateway, west.founder)
    const [made] = await Promise.all([
      net.agent(north, 'flight', { capabilities: ['travel'] }),
      net.agent(west, 'open', {
        capabilities: ['art'],
        handler: (_message, { text, principal }) => `${principal} says ${text.length > 200 ? text.length : text}`
      }),
      net.agent(west, 'closed', { capabilities: ['art'] })
    ])
    flight = made.node
  })
  after(async () => {
    await world.net.stop()
    proxy.close()
  })

  const codeOf = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'done',
      (error: unknown) => toHansaError(error).code
    )

  it('route management: generates dynamic routing entries from what other AGws advertise, and guides messages over several gateways', async () => {
    const { northGateway } = world
    const route = await until('a route', () => northGateway.agw?.routes().find(({ advert, applicable }) => advert.handle === 'open@west.example' && applicable))
    assert.deepEqual([route.origin, route.via, route.hops], [WEST, SOUTH, 2])
    const { response, hops } = await flight.swarm.send('open@west.example', 'hello')
    assert.equal(replyText(response), 'spiffe://north.example/agent/flight says hello')
    assert.deepEqual(hops.map(({ gateway }) => gateway).slice(1, 3), [SOUTH, WEST])
  })

  it('security: verifies the identity of agents: nobody speaks in the name of another, with a forged word or a counterfeit domain', async () => {
    const { net, northGateway, southGateway } = world
    const now = BigInt(Date.now())
    const principal = 'spiffe://north.example/agent/flight'
    // South's gateway, itself believed, makes up a caller of north.
    const origin = southGateway.records.seal(OriginAssertionSchema, {
      issuer: SOUTH,
      principal,
      audience: 'west.example',
      issuedAt: now,
      expiresAt: now + 60_000n
    })
    const header = { target: 'open@west.example', path: [SOUTH], principal, origin }
    await assert.rejects(forgedCall(southGateway, west.founder, 'relay', header), { code: 'PERMISSION_DENIED' })

    // Somebody with the swarm's key founds a domain of the same name: same words, another root.
    const home = `${net.dir}/counterfeit`
    const genuine = northGateway.home
    await initHome({ home, domain: 'north.example', roles: ['aca', 'agw'], name: 'hub' })
    await copyFile(genuine.paths.swarmKey, `${home}/swarm.key`)
    assert.notEqual((await openHome(home, {})).seed, genuine.seed)
    const impostor = await createNode({
      home,
      env: { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_GATEWAY_LISTEN: '127.0.0.1:0', HANSA_LOG_LEVEL: 'silent' }
    })
    await impostor.start()
    try {
      assert.equal(impostor.identities.self()?.spiffeId, 'spiffe://north.example/aca/hub')
      await assert.rejects(impostor.rpc.call(at(southGateway), methods.sync, {}), { code: 'UNKNOWN_DOMAIN' })
      await assert.rejects(southGateway.rpc.call(at(impostor), methods.ping, {}), { code: 'UNKNOWN_DOMAIN' })
    } finally {
      await impostor.stop()
    }
  })

  it('security: data is encrypted on the way', async () => {
    const secret = 'a secret of Lisbon. '.repeat(5_000)
    const before = proxy.seen.length
    const { response } = await flight.swarm.send('open@west.example', secret)
    assert.match(replyText(response), / says 100000$/)
    // All of west's gateway is behind the proxy, so the message has passed it at least once.
    const wire = Buffer.concat(proxy.seen.slice(before))
    assert.ok(wire.length > secret.length)
    assert.ok(!wire.includes('secret of Lisbon') && !wire.includes('open@west.example'))
  })

  it('security: access control: agents that are not exported are reached by their own domain only', async () => {
    const { northGateway, southGateway } = world
    assert.equal(replyText((await west.founder.swarm.send('closed', 'hello')).response), 'hello')
    assert.ok(!applicable(northGateway).includes('closed@west.example'))
    assert.equal(await codeOf(flight.swarm.send('closed@west.example', 'hello')), 'AGENT_NOT_FOUND')
    const { agents } = await flight.swarm.find({ capabilities: ['art'], status: StatusFilter.ANY })
    assert.deepEqual(
      agents.map(({ record }) => record.handle),
      ['open@west.example']
    )
    // Also for a gateway that guesses the name.
    const now = BigInt(Date.now())
    const origin = southGateway.records.seal(OriginAssertionSchema, {
      issuer: SOUTH,
      principal: SOUTH,
      audience: 'west.example',
      issuedAt: now,
      expiresAt: now + 60_000n
    })
    const header = { path: [SOUTH], principal: SOUTH, origin }
    await forgedCall(southGateway, west.founder, 'relay', { ...header, target: 'open@west.example' })
    await assert.rejects(forgedCall(southGateway, west.founder, 'relay', { ...header, target: 'closed@west.example' }), { code: 'PERMISSION_DENIED' })
  })

  it('security: access control: a domain that is not listed gets nothing', async () => {
    const { net, northGateway } = world
    const outer = (await net.domain('outer.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])).founder
    const protocols = ['relay/1', 'sync/1']
    for (const [method, call] of Object.entries({
      connect: () => outer.rpc.call(at(northGateway), methods.connect, { protocols, gateway: outer.member.self() }),
      sync: () => outer.rpc.call(at(northGateway), methods.sync, {}),
      discover: () => outer.rpc.call(at(northGateway), methods.discover, { capabilities: ['travel'] }),
      resolve: () => outer.rpc.call(at(northGateway), methods.resolve, { agent: 'flight@north.example' }),
      relay: () => forgedCall(outer, northGateway, 'relay', { target: 'flight@north.example' }),
      call: () => forgedCall(outer, northGateway, 'call', { target: 'flight@north.example' })
    }))
      assert.equal(await codeOf(call()), 'UNKNOWN_DOMAIN', method)
    // Outer has listed north, and still knows of none of its agents.
    assert.deepEqual(applicable(outer), [])
    assert.deepEqual((await outer.swarm.find({ capabilities: ['travel'] })).agents, [])
    assert.equal(await codeOf(outer.swarm.send('flight@north.example', 'hello')), 'AGENT_NOT_FOUND')
  })

  it('traffic control: a cap on the discovery queries per agent per minute: the 61st is refused with the time to wait, another agent passes', async () => {
    const { net, north } = world
    const [flood, calm] = await Promise.all(['flood', 'calm'].map((name) => net.agent(north, name, { capabilities: ['ask'] })))
    assert.ok(flood !== undefined && calm !== undefined)
    const query = { capabilities: ['travel'], domain: 'north.example' }
    const begun = performance.now()
    const outcomes = await Promise.all(Array.from({ length: 80 }, () => flood.node.swarm.find(query).catch((error: unknown) => toHansaError(error))))
    const refused = outcomes.filter((outcome) => outcome instanceof Error)
    // One more is allowed for each second that the machine takes.
    const passed = outcomes.length - refused.length
    assert.ok(passed >= 60 && passed <= 60 + Math.ceil((performance.now() - begun) / 1000), `${passed} passed`)
    for (const error of refused) {
      assert.equal(error.code, 'RATE_LIMITED')
      assert.ok(Number(error.metadata['retryAfterMs']) > 0 && Number(error.metadata['retryAfterMs']) <= 1_000)
    }
    assert.equal((await calm.node.swarm.find(query)).agents.length, 1)
  })

  it('translation of protocols: an A2A client over HTTP reaches an agent that speaks only libp2p, and an agent on libp2p one that speaks only HTTP', async () => {
    const { net, north, northGateway } = world
    const outsider = outsiderAt(northGateway.ingress() ?? '')
    assert.match(await outsider.ask('open@west.example', 'Grüße'), /says Grüße$/)
    assert.equal(await outsider.refusalOf('nobody@west.example'), 'AGENT_NOT_FOUND')
    const echo = await sdkAgents.echo()
    try {
      await net.agent(north, 'echo', { card: echo.card, capabilities: ['echo'] })
      const asker = await net.agent(world.south, 'asker', { capabilities: ['ask'] })
      await until('echo is advertised', () => applicable(world.southGateway).includes('echo@north.example'))
      assert.equal(replyText((await asker.node.swarm.send('echo@north.example', 'Grüße')).response), 'Grüße')
      await echo.close()
      await until('no answer, and no crash', async () => (await codeOf(asker.node.swarm.send('echo@north.example', 'Grüße'))) === 'AGENT_UNREACHABLE')
    } finally {
      await echo.close().catch(() => undefined)
    }
  })

  it('route management: entries go when there is no way any more', async () => {
    const { northGateway, southGateway } = world
    await southGateway.agw?.disconnect(WEST)
    await until('not applicable', () => !applicable(northGateway).includes('open@west.example'))
    assert.ok(['NO_ROUTE', 'AGENT_NOT_FOUND'].includes(await codeOf(flight.swarm.send('open@west.example', 'hello'))))
  })
})
