import assert from 'node:assert/strict'
import { createHandlerClient } from '../../../src/adapters/inprocess-agent/handler-client.ts'
import type { MessageContext } from '../../../src/adapters/inprocess-agent/handler.ts'
import { createNode } from '../../../src/node/create-node.ts'
import type { HansaNode, NodeOptions } from '../../../src/node/hansa-node.ts'
import { replyText } from '../../../src/roles/agent/reply-text.ts'
import { createTestnet, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { collect } from '../../support/collect.ts'
import { until } from '../../support/until.ts'

const HOTEL = 'hotel@south.example'
const SESSION = 'oslo-in-march'
const PATIENCE_MS = 20_000

describe('a session between two domains', function () {
  // Seven nodes start here, and a busy machine is slow.
  this.timeout(60_000)

  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  let desk: HansaNode
  let hotel: HansaNode
  const env = { HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0', HANSA_GATEWAY_HEARTBEAT: '200ms', HANSA_LOG_LEVEL: 'silent', HANSA_METRICS_PROCESS: 'false' }
  /** A line streams, anything else is answered with what is known of the conversation. */
  const answer = async function* (text: string) {
    yield `${text}: `
    yield 'booked'
  }
  const handler = (_message: unknown, { text }: MessageContext) => (text.startsWith('book') ? answer(text) : `you said ${text}`)
  const agent: NonNullable<NodeOptions['agent']> = {
    client: createHandlerClient(handler, { card: { name: 'hotel', description: 'has rooms' } }),
    config: { timing: { probeEvery: 200, retryMin: 20 }, capabilities: ['travel/hotel-booking'] }
  }

  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    south = await net.domain('south.example', [
      { name: 'hub', roles: ['aca', 'ars'] },
      { name: 'gw1', roles: ['agw'] },
      { name: 'gw2', roles: ['agw'] }
    ])
    for (const gateway of ['gw1', 'gw2']) await net.interconnect(north.node('hub'), south.node(gateway))
    desk = await net.join(north, { name: 'desk', roles: ['ars'] })
    hotel = await start(await net.enrol(south, 'hotel', ['agent']))
  })
  after(async () => {
    await (hotel as HansaNode | undefined)?.stop()
    await net.stop()
  })

  async function start(home: string): Promise<HansaNode> {
    const node = await createNode({ home, env, agent })
    await node.start()
    await node.agent?.ready(AbortSignal.timeout(PATIENCE_MS))
    return node
  }

  /** Says something in the session, as soon as the agent can be reached. */
  async function say(text: string): Promise<string> {
    await until('the hotel is reachable', () => desk.swarm.trace(HOTEL, { timeoutMs: 2_000 }).catch(() => undefined), PATIENCE_MS)
    const message = { contextId: SESSION, parts: [{ content: { case: 'text' as const, value: text } }] }
    return replyText((await desk.swarm.send(HOTEL, message, { timeoutMs: PATIENCE_MS })).response)
  }

  /** Both records hold, and say the same. */
  async function agree(entries: bigint): Promise<void> {
    for (const node of [desk, hotel]) {
      const { session, firstBroken } = await node.sessions.verify(SESSION)
      assert.deepEqual([session.entries, firstBroken], [entries, undefined])
    }
    const lines = await collect(hotel.sessions.exportLines(SESSION))
    const { same, matched, otherOk } = await desk.sessions.compare(SESSION, lines.join('\n'))
    assert.deepEqual({ same, matched, otherOk }, { same: true, matched: Number(entries), otherOk: true })
  }

  it('is recorded at both ends, with who, and the way it took', async () => {
    assert.equal(await say('a twin room'), 'you said a twin room')
    await agree(2n)
    const [asked, answered] = await desk.sessions.entries(SESSION)
    assert.deepEqual([asked?.from, asked?.to, asked?.sent], ['spiffe://north.example/ars/desk', HOTEL, true])
    assert.deepEqual([answered?.from, answered?.sent], [HOTEL, false])
    assert.ok((answered?.hops.length ?? 0) >= 2)
    const [came] = await hotel.sessions.entries(SESSION)
    assert.equal(came?.from, 'spiffe://north.example/ars/desk')
    assert.equal(came?.hops[0]?.gateway, 'spiffe://north.example/aca/hub')
  })

  it('goes on after a restart of the node that calls', async () => {
    desk = await net.restart(desk)
    assert.equal(await say('for two nights'), 'you said for two nights')
    await agree(4n)
  })

  it("goes on after a restart of the agent's node", async () => {
    const home = hotel.home.paths.dir
    await hotel.stop()
    hotel = await start(home)
    assert.equal(await say('with breakfast'), 'you said with breakfast')
    await agree(6n)
  })

  it('goes on over another gateway when the first one is gone', async () => {
    const name = hotel.agent?.state().attached?.gateway.spiffeId.split('/').at(-1) ?? ''
    await south.node(name).stop()
    await until('the hotel is at the other gateway', () => hotel.agent?.state().attached?.gateway.spiffeId.endsWith(name) === false, PATIENCE_MS)
    assert.equal(await say('and a desk'), 'you said and a desk')
    await agree(8n)
    const turns = await hotel.sessions.context(SESSION, { peer: 'spiffe://north.example/ars/desk', messages: 3 })
    assert.deepEqual(
      turns.map(({ role, text }) => [role, text]),
      [
        ['agent', 'you said with breakfast'],
        ['user', 'and a desk'],
        ['agent', 'you said and a desk']
      ]
    )
  })

  it('a streamed answer is recorded piece by piece, and read as one turn', async () => {
    const message = { contextId: SESSION, parts: [{ content: { case: 'text' as const, value: 'book it' } }] }
    const responses = await collect(desk.swarm.stream(HOTEL, message, { timeoutMs: PATIENCE_MS }))
    const session = await until(
      'both have it',
      async () => {
        const [here, there] = await Promise.all([desk.sessions.get(SESSION), hotel.sessions.get(SESSION)])
        return here.entries === there.entries && here.entries > 9n && here
      },
      PATIENCE_MS
    )
    assert.equal(session.entries, 8n + 1n + BigInt(responses.length))
    await agree(session.entries)
    const turns = await desk.sessions.context(SESSION, { messages: 2 })
    assert.deepEqual(
      turns.map(({ text }) => text),
      ['book it', 'book it: booked']
    )
    const { sessions } = await desk.sessions.list({ text: 'BREAKFAST book', peer: 'hotel' })
    assert.deepEqual(
      sessions.map(({ id }) => id),
      [SESSION]
    )
  })
})
