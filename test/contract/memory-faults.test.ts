import assert from 'node:assert/strict'
import type { Channel } from '../../src/ports/network.ts'
import { DATA } from '../../src/wire/frames.ts'
import { TOPICS } from '../../src/wire/topics.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { type Faults, MemorySwarm } from '../support/memory/swarm.ts'

const PROTOCOL = '/hansa/test/1.0.0'

/** What the sims rely on: the memory network's faults are real, and a seed repeats them. */
describe('memory network', () => {
  /** Sends 40 numbered messages over gossip and a stream of one connection; what arrives, with its time. */
  async function run(seed: number, faults: Partial<Faults>) {
    const clock = new FakeClock()
    const swarm = new MemorySwarm(clock, seed, faults)
    const [a, b] = [swarm.join('a'), swarm.join('b')]
    const gossip: string[] = []
    const streamed: string[] = []
    b.pubsub.subscribe(
      TOPICS.sync,
      () => 'accept',
      (data) => gossip.push(`${data[0]}@${clock.monotonic().toFixed(1)}`)
    )
    await b.network.handle(PROTOCOL, (channel) => {
      void (async () => {
        for (let frame = await channel.read(); frame !== undefined; frame = await channel.read()) streamed.push(String(frame.payload[0]))
      })().catch(() => {})
    })
    const channel = await clock.run(a.network.open('b', b.network.addresses(), PROTOCOL))
    for (let i = 0; i < 40; i++) {
      await a.pubsub.publish(TOPICS.sync, Uint8Array.of(i))
      await channel.write({ type: DATA, payload: Uint8Array.of(i) })
    }
    await clock.advance(1_000)
    return { gossip, streamed }
  }

  it('delivers everything in order when nothing is wrong', async () => {
    const { gossip, streamed } = await run(1, {})
    assert.equal(gossip.length, 40)
    assert.deepEqual(streamed, [...Array(40).keys()].map(String))
  })

  it('loses, delays and reorders gossip as the seed says; streams only wait', async () => {
    const faults = { delayMs: 20, jitterMs: 100, drop: 0.3, duplicate: 0.3 }
    const first = await run(42, faults)
    assert.deepEqual(await run(42, faults), first)
    assert.notDeepEqual(await run(43, faults), first)
    assert.ok(first.gossip.length > 10 && first.gossip.length < 40, `${first.gossip.length} arrived`)
    const order = first.gossip.map((entry) => Number.parseInt(entry, 10))
    assert.notDeepEqual(
      order,
      [...order].sort((x, y) => x - y)
    )
    assert.equal(new Set(order).size, order.length)
    assert.deepEqual(first.streamed, [...Array(40).keys()].map(String))
  })

  it('cuts and heals a line, swallows everything on a silent one, and loses what a stopped node had', async () => {
    const clock = new FakeClock()
    const swarm = new MemorySwarm(clock, 3)
    const [a, b] = [swarm.join('a'), swarm.join('b')]
    const accepted: Channel[] = []
    await b.network.handle(PROTOCOL, (channel) => void accepted.push(channel))
    const open = () => a.network.open('b', b.network.addresses(), PROTOCOL)
    const lost = await open()
    const reading = assert.rejects(lost.read(), { code: 'CONNECTION_LOST' })
    swarm.cut('a', 'b')
    await reading
    await assert.rejects(open(), { code: 'PEER_UNREACHABLE' })
    swarm.heal('a', 'b')
    const silent = await open()
    swarm.stall('a', 'b')
    await silent.write({ type: DATA, payload: Uint8Array.of(1) })
    await clock.advance(60_000)
    assert.equal(accepted[1]?.poll(), undefined)
    assert.equal(a.network.peers().length, 1)
    const dialing = assert.rejects(open(), { code: 'PEER_UNREACHABLE' })
    await clock.advance(10_000)
    await dialing
    swarm.heal('a', 'b')
    assert.equal((await accepted[1]?.read())?.payload[0], 1)
    b.stop()
    await assert.rejects(silent.read(), { code: 'CONNECTION_LOST' })
    await assert.rejects(open(), { code: 'PEER_UNREACHABLE' })
    assert.deepEqual(a.network.peers(), [])
  })
})
