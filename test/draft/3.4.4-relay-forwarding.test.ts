import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { fromJson, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { MessageContext } from '../../src/adapters/inprocess-agent/handler.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { OriginAssertionSchema } from '../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { type Message, type PartSchema } from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { foundWorld, replyText, type World } from '../support/draft-world.ts'
import { forgedCall } from '../support/forged-call.ts'
import { until } from '../support/until.ts'

const NORTH = 'spiffe://north.example/aca/hub'
const SOUTH = 'spiffe://south.example/agw/gw'
const HOTEL = 'hotel@south.example'

describe('draft 3.4.4 Relay Forwarding', () => {
  let world: World
  let flight: HansaNode
  const heard: { message: Message; context: MessageContext }[] = []
  before(async () => {
    // A busy machine may take longer than three short heartbeats for the large file: all nodes share one thread here.
    world = await foundWorld({ heartbeatMs: 1_000 })
    const { net, north, south } = world
    const [made] = await Promise.all([
      net.agent(north, 'flight', { capabilities: ['travel'] }),
      net.agent(south, 'hotel', { capabilities: ['travel'], handler: (message, context) => hear(message, context) })
    ])
    flight = made.node
    await until('hotel is reachable', () => flight.swarm.trace(HOTEL).catch(() => undefined))
  })
  after(() => world.net.stop())

  function hear(message: Message, context: MessageContext) {
    heard.push({ message, context })
    if (context.text === 'hang')
      return new Promise<string>((_, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)))
    return context.text === 'count' ? count() : { parts: message.parts }
  }

  async function* count() {
    for (const piece of ['one ', 'two ', 'three']) yield piece
  }

  const forged = (node: HansaNode, gateway: HansaNode, method: 'call' | 'relay', header: object) =>
    forgedCall(node, gateway, method, { target: HOTEL, ...header })

  it('looks the agent ID of the target up in the routing table, and forwards the packet to the target AGw, which delivers it', async () => {
    const { response, hops } = await flight.swarm.send(HOTEL, 'a twin room')
    assert.equal(replyText(response), 'a twin room')
    assert.deepEqual(
      hops.map(({ gateway }) => gateway),
      [NORTH, SOUTH, 'spiffe://south.example/agent/hotel']
    )
  })

  it('the target learns who calls from the first gateway, whatever the call itself claims', async () => {
    await flight.swarm.send(HOTEL, 'who am I?')
    assert.equal(heard.at(-1)?.context.principal, 'spiffe://north.example/agent/flight')
    await forged(flight, world.northGateway, 'call', { principal: 'spiffe://north.example/aca/hub' })
  })

  it('passes on what it carries unchanged: text, data and a large file, there and back', async () => {
    const file = randomBytes(1024 * 1024)
    const parts: MessageInitShape<typeof PartSchema>[] = [
      { content: { case: 'text', value: 'Zimmer für zwei 双人房 🛏' } },
      { content: { case: 'data', value: fromJson(ValueSchema, { nights: 2, pets: ['cat'] }) }, mediaType: 'application/json' },
      { content: { case: 'raw', value: new Uint8Array(file) }, filename: 'plan.bin' }
    ]
    const { response } = await flight.swarm.send(HOTEL, { parts, extensions: ['urn:example:x'] })
    assert.ok(response.payload.case === 'message')
    const came = heard.at(-1)?.message
    assert.deepEqual(came?.extensions, ['urn:example:x'])
    for (const back of [came?.parts, response.payload.value.parts]) {
      assert.deepEqual(
        back?.map(({ content }) => content.case),
        ['text', 'data', 'raw']
      )
      assert.equal(back?.[0]?.content.value, 'Zimmer für zwei 双人房 🛏')
      const data = back?.[1]?.content
      assert.deepEqual(data?.case === 'data' && toJson(ValueSchema, data.value), { nights: 2, pets: ['cat'] })
      assert.ok(file.equals(back?.[2]?.content.value as Uint8Array))
      assert.equal(back?.[2]?.filename, 'plan.bin')
    }
  })

  it('streams the answer piece by piece', async () => {
    const kinds: string[] = []
    for await (const { payload } of flight.swarm.stream(HOTEL, 'count')) kinds.push(payload.case ?? '')
    assert.equal(kinds.filter((kind) => kind === 'artifactUpdate').length >= 3, true)
    assert.deepEqual([kinds[0], kinds.at(-1)], ['task', 'statusUpdate'])
  })

  it('cancels on every hop when the caller goes away, and when the time is over', async () => {
    const gone = new AbortController()
    const call = flight.swarm.send(HOTEL, 'hang', { signal: gone.signal })
    const refused = assert.rejects(call, { code: 'CANCELED' })
    await until('it has come', () => heard.at(-1)?.context.text === 'hang')
    gone.abort()
    await refused
    await until('the agent was told', () => heard.at(-1)?.context.signal.aborted)
    await assert.rejects(flight.swarm.send(HOTEL, 'hang', { timeoutMs: 150 }), { code: 'DEADLINE_EXCEEDED' })
    await until('the agent was told again', () => heard.at(-1)?.context.signal.aborted)
  })

  it('forwards nothing for agents that do not exist, and says which gateway refused', async () => {
    await assert.rejects(flight.swarm.send('nobody@south.example', 'hello'), (error: { code?: string; metadata?: Record<string, string> }) => {
      assert.deepEqual([error.code, error.metadata?.['at']], ['AGENT_NOT_FOUND', NORTH])
      return true
    })
    await assert.rejects(flight.swarm.send('hotel@west.example', 'hello'), { code: 'UNKNOWN_DOMAIN' })
  })

  it('takes a relayed packet from gateways only, and only with the word of its first gateway for its principal', async () => {
    const { northGateway, southGateway } = world
    await assert.rejects(forged(flight, northGateway, 'relay', {}), { code: 'PERMISSION_DENIED' })
    await assert.rejects(forged(northGateway, southGateway, 'relay', { path: [NORTH] }), { code: 'UNAUTHENTICATED' })
    const now = BigInt(Date.now())
    const word = (issuer: string, principal: string, audience = 'south.example') =>
      northGateway.records.seal(OriginAssertionSchema, { issuer, principal, audience, issuedAt: now, expiresAt: now + 60_000n })
    const principal = 'spiffe://north.example/agent/flight'
    await forged(northGateway, southGateway, 'relay', { path: [NORTH], principal, origin: word(NORTH, principal) })
    for (const [why, header] of Object.entries({
      'another principal than the word': { path: [NORTH], principal: SOUTH, origin: word(NORTH, principal) },
      'somebody of another domain': {
        path: [NORTH],
        principal: 'spiffe://south.example/agent/hotel',
        origin: word(NORTH, 'spiffe://south.example/agent/hotel')
      },
      'meant for another domain': { path: [NORTH], principal, origin: word(NORTH, principal, 'west.example') },
      'in the name of another gateway': { path: ['spiffe://north.example/agw/other'], principal, origin: word('spiffe://north.example/agw/other', principal) }
    }))
      await assert.rejects(
        forged(northGateway, southGateway, 'relay', header),
        (error: { code?: string }) => ['PERMISSION_DENIED', 'SIGNATURE_INVALID', 'UNAUTHENTICATED'].includes(error.code ?? ''),
        why
      )
  })

  it('lets no packet go in circles or too far', async () => {
    const { northGateway, southGateway } = world
    await assert.rejects(forged(flight, northGateway, 'call', { hopLimit: 1 }), { code: 'HOP_LIMIT' })
    const now = BigInt(Date.now())
    const principal = 'spiffe://north.example/agent/flight'
    const origin = northGateway.records.seal(OriginAssertionSchema, {
      issuer: NORTH,
      principal,
      audience: 'south.example',
      issuedAt: now,
      expiresAt: now + 60_000n
    })
    await assert.rejects(forged(northGateway, southGateway, 'relay', { path: [NORTH, SOUTH, NORTH], principal, origin }), { code: 'LOOP' })
    await assert.rejects(forged(northGateway, southGateway, 'relay', { path: [NORTH], hopLimit: 17, principal, origin }), { code: 'MALFORMED' })
  })
})
