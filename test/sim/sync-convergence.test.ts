import assert from 'node:assert/strict'
import { applicable, digestOf, GatewaySim } from './gateway-sim.ts'
import { partition, restarts } from './scenarios.ts'

const SEED = Number(process.env['HANSA_SIM_SEED'] ?? 20260101)

describe('sim: gateways come to know the same', function () {
  this.timeout(30_000)

  for (const seed of [SEED, SEED + 1, SEED + 2]) {
    it(`after a partition with changes on both sides, though gossip is lost, doubled and reordered (seed ${seed})`, async () => {
      await partition({ nodes: 6, seed })
    })
  }

  it(`after restarts, though gossip is lost, doubled and reordered (seed ${SEED})`, async () => {
    await restarts({ nodes: 6, seed: SEED })
  })

  it('a late joiner gets everything, and everybody gets what it has', async () => {
    const sim = new GatewaySim(['a.example', 'b.example'])
    const early = await sim.gateway('gw', 'a.example')
    const ars = await sim.ars('a.example')
    for (let index = 0; index < 20; index++) await sim.attach(await sim.agent(`agent${index}`, 'a.example'), early, ars)
    await sim.clock.advance(3_600_000 - 1)
    const late = await sim.gateway('gw', 'b.example')
    await sim.attach(await sim.agent('late', 'b.example'), late, await sim.ars('b.example'))
    await sim.connect(late, early)
    await sim.clock.until(() => digestOf(late) === digestOf(early), 1_000)
    assert.equal(late.control.routes().filter(({ origin }) => origin === early.identity.spiffeId).length, 20)
    await sim.clock.until(() => applicable(early).includes('late@b.example'), 1_000)
  })

  it('a lost gossip is repaired by the heads in heartbeats', async () => {
    const sim = new GatewaySim(['a.example', 'b.example'], 1)
    const a = await sim.gateway('gw', 'a.example')
    const b = await sim.gateway('gw', 'b.example')
    await sim.connect(a, b)
    await sim.clock.advance(1_000)
    sim.swarm.faults.drop = 1
    await sim.attach(await sim.agent('flight', 'a.example'), a, await sim.ars('a.example'))
    await sim.clock.advance(200)
    assert.deepEqual(applicable(b), [], 'the gossip is lost: nothing yet')
    await sim.clock.until(() => applicable(b).includes('flight@a.example'), 31_000)
  })

  it('a gap seen in gossip is filled at once', async () => {
    const sim = new GatewaySim(['a.example', 'b.example'])
    const a = await sim.gateway('gw', 'a.example')
    const b = await sim.gateway('gw', 'b.example')
    const ars = await sim.ars('a.example')
    const [first, second] = [await sim.agent('first', 'a.example'), await sim.agent('second', 'a.example')]
    await sim.connect(a, b)
    await sim.clock.advance(1_000)
    sim.swarm.faults.drop = 1
    await sim.attach(first, a, ars)
    await sim.clock.advance(200)
    sim.swarm.faults.drop = 0
    await sim.attach(second, a, ars)
    await sim.clock.until(() => applicable(b).length === 2, 500)
  })

  it('what a neighbour brings at link-up goes on to all others, without any gossip', async () => {
    const sim = new GatewaySim(['a.example', 'b.example', 'c.example', 'd.example'], 1, { drop: 1 })
    const [a, b, c, d] = [
      await sim.gateway('gw', 'a.example'),
      await sim.gateway('gw', 'b.example'),
      await sim.gateway('gw', 'c.example'),
      await sim.gateway('gw', 'd.example')
    ]
    await sim.connect(b, c)
    await sim.connect(c, d)
    await sim.attach(await sim.agent('flight', 'a.example'), a, await sim.ars('a.example'))
    await sim.clock.advance(1_000)
    await sim.connect(a, b)
    await sim.clock.until(() => d.control.routes().length === 1, 500)
  })

  it('a restart is a new epoch: what was attached before is held, inapplicable, and goes unless it comes back', async () => {
    const sim = new GatewaySim(['a.example', 'b.example'])
    const a = await sim.gateway('gw', 'a.example')
    const b = await sim.gateway('gw', 'b.example')
    const ars = await sim.ars('a.example')
    const [back, gone] = [await sim.agent('back', 'a.example'), await sim.agent('gone', 'a.example')]
    for (const agent of [back, gone]) await sim.attach(agent, a, ars)
    await sim.connect(b, a)
    await sim.clock.until(() => applicable(b).length === 2, 1_000)
    const epoch = a.control.digest().find(({ origin }) => origin === a.identity.spiffeId)?.epoch ?? 0n
    await sim.clock.run(a.control.stop())
    assert.equal(b.control.neighbors()[0]?.state, 'holding')
    await a.stop()
    assert.deepEqual(applicable(b), [])
    assert.equal(b.control.routes().length, 2, 'held, not withdrawn')

    const again = await sim.gateway('gw', 'a.example')
    await sim.clock.until(() => b.control.routing.isNeighbor(again.identity.spiffeId), 10_000)
    await sim.attach(back, again, ars)
    await sim.clock.until(() => applicable(b).join() === 'back@a.example', 2_000)
    const after = b.control.digest().find(({ origin }) => origin === a.identity.spiffeId)?.epoch ?? 0n
    assert.ok(after > epoch, `${after} is not later than ${epoch}`)
    await sim.clock.advance(31_000)
    assert.deepEqual(
      b.control.routes().map(({ advert }) => advert.handle),
      ['back@a.example']
    )
  })

  it('a gateway that slept through a deletion and its tombstone does not bring the agent back', async () => {
    const sim = new GatewaySim(['a.example', 'b.example', 'c.example'])
    const a = await sim.gateway('gw', 'a.example')
    const b = await sim.gateway('gw', 'b.example')
    const c = await sim.gateway('gw', 'c.example')
    const ars = await sim.ars('a.example')
    const doomed = await sim.agent('doomed', 'a.example')
    await sim.attach(doomed, a, ars)
    await sim.connect(a, b)
    await sim.connect(b, c)
    await sim.clock.until(() => applicable(c).length === 1, 2_000)
    // c sleeps; the agent goes, and then so many others that the tombstone ends with its epoch.
    sim.swarm.cut(b.peer, c.peer)
    await sim.detach(doomed, a)
    const churner = await sim.agent('churner', 'a.example')
    const others = await Promise.all(Array.from({ length: 258 }, (_, index) => sim.agent(`other${index}`, 'a.example')))
    await sim.attach(churner, a, ars)
    for (const other of others) await sim.attach(other, a, ars)
    for (const other of others) await sim.detach(other, a)
    await sim.detach(churner, a)
    await sim.clock.advance(1_000)
    const head = b.control.digest().find(({ origin }) => origin === a.identity.spiffeId)
    assert.ok((head?.version ?? 0n) < 10n, 'the tombstones are gone with their epoch')
    sim.swarm.healAll()
    await sim.clock.until(() => digestOf(c) === digestOf(b), 70_000)
    await sim.clock.advance(31_000)
    for (const gateway of [a, b, c]) assert.deepEqual(gateway.control.routes(), [])
  })
})
