import assert from 'node:assert/strict'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { PeerIdentity } from '../../../../src/ports/identity.ts'
import { createSwarmClient } from '../../../../src/roles/agent/swarm-client.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { type AgentRecord, AgentRecordSchema, AgentStatus, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { RelayHeaderSchema, RelayTrailerSchema } from '../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { identity, type LoopStream, nodeInfo, sealAs } from './fakes.ts'
import { ARS, GW1, GW2, house } from './house.ts'

const SOUTH = identity('ars', 'ars9', 'south.example')
const FAR = identity('ars', 'ars7', 'far.example')

function swarm(config: { intraDomain?: 'direct' | 'gateway' } = {}, attached?: string) {
  const made = house()
  return { ...made, client: createSwarmClient({ ...made, config, attachedGateway: () => attached, newId: () => 'new-id' }) }
}

function recordFields(name: string, domain = 'north.example') {
  return {
    resourceId: `urn:air:${domain}:agent:${name}`,
    spiffeId: `spiffe://${domain}/agent/${name}`,
    handle: `${name}@${domain}`,
    domain,
    state: RecordState.REGISTERED,
    name,
    peerId: `peer-${name}`,
    expiresAt: BigInt(Date.UTC(2027, 0, 1))
  }
}

function record(by: PeerIdentity, name: string, more: Partial<Pick<AgentRecord, 'resourceId' | 'domain' | 'handle' | 'expiresAt' | 'state'>> = {}) {
  return sealAs(by, AgentRecordSchema, { ...recordFields(name, by.domain), ...more })
}

const hit = (signed: ReturnType<typeof record>) => ({ record: signed, status: AgentStatus.ONLINE, score: 1 })
const text = (value: string) => ({ messageId: 'r', parts: [{ content: { case: 'text' as const, value } }] })
const streamed = (value: string) => toBinary(a2a.StreamResponseSchema, create(a2a.StreamResponseSchema, { payload: { case: 'message', value: text(value) } }))
const trailer = (...names: string[]) =>
  toBinary(RelayTrailerSchema, create(RelayTrailerSchema, { hops: names.map((gateway) => ({ gateway, ms: 1 })) })) as Uint8Array<ArrayBuffer>

async function answering(stream: LoopStream) {
  await stream.requested
  const request = fromBinary(a2a.SendMessageRequestSchema, Buffer.concat(stream.sent))
  const value = text(`you said ${String(request.message?.parts[0]?.content.value).length}, ${request.message?.messageId}, ${request.message?.role}`)
  stream.reply(toBinary(a2a.SendMessageResponseSchema, create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value } })))
  stream.setTrailer(trailer('spiffe://north.example/agw/gw1', 'spiffe://south.example/agw/gw9'))
}

describe('finding agents', () => {
  it('asks the gateway the agent is attached to and says what it verified itself', async () => {
    const { client, rpc } = swarm({}, GW2.peer)
    rpc.answer(GW2, methods.gatewayDiscover, () => ({ hits: [hit(record(SOUTH, 'visa')), hit(record(FAR, 'boat'))], complete: true }))
    const found = await client.find({ text: 'visa' })
    assert.equal(found.via, GW2.spiffeId)
    assert.deepEqual(
      found.agents.map((one) => [one.record.handle, one.verified.level, one.verified.signer]),
      [
        ['visa@south.example', 'chain', SOUTH.spiffeId],
        ['boat@far.example', 'self', FAR.spiffeId]
      ]
    )
    assert.equal(found.complete, true)
  })

  it('goes to the next gateway, then to a registration server, when nobody is there', async () => {
    const { client, rpc } = swarm()
    rpc.down.add(GW1.peer)
    rpc.answer(ARS, methods.discover, () => ({ hits: [], complete: true }))
    assert.equal((await client.find({ text: 'x' })).via, ARS.spiffeId)
    assert.equal(rpc.calls(methods.gatewayDiscover, GW2).length, 1)
  })

  it('does not go round a quota', async () => {
    const { client, rpc } = swarm()
    rpc.answer(GW1, methods.gatewayDiscover, () => {
      throw new HansaError('RATE_LIMITED', 'sixty a minute', { retryAfterMs: 1000 })
    })
    rpc.answer(ARS, methods.discover, () => ({ hits: [], complete: true }))
    await assert.rejects(client.find({}), { code: 'RATE_LIMITED' })
    assert.equal(rpc.calls(methods.discover).length, 0)
  })

  it('leaves out records that cannot be believed, and says so', async () => {
    const { client, rpc } = swarm()
    const forged = { ...record(SOUTH, 'forged'), signature: Uint8Array.of(0) }
    const foreign = record(SOUTH, 'bank', { resourceId: 'urn:air:north.example:agent:bank', domain: 'north.example', handle: 'bank@north.example' })
    const byAgent = record(identity('agent', 'hotel'), 'hotel')
    const old = record(SOUTH, 'old', { expiresAt: 1n })
    const gone = record(SOUTH, 'gone', { state: RecordState.DEREGISTERED })
    rpc.answer(GW1, methods.gatewayDiscover, () => ({ hits: [forged, foreign, byAgent, old, gone, record(SOUTH, 'good')].map(hit), complete: true }))
    const found = await client.find({})
    assert.deepEqual(
      found.agents.map((one) => one.record.handle),
      ['good@south.example']
    )
    assert.deepEqual(
      found.refused.map((one) => one.code),
      ['SIGNATURE_INVALID', 'SIGNATURE_INVALID', 'SIGNATURE_INVALID', 'RECORD_STALE', 'AGENT_NOT_FOUND']
    )
    assert.equal(found.complete, false)
  })

  it('resolves a bare name in its own domain, and does not take the record of another agent for it', async () => {
    const { client, rpc } = swarm()
    rpc.answer(ARS, methods.resolve, ({ agent }) => ({ record: record(ARS, agent === 'hotel@north.example' ? 'hotel' : 'other'), source: 'local' }))
    const resolved = await client.resolve('hotel')
    assert.deepEqual([resolved.record.handle, resolved.source, resolved.verified.level], ['hotel@north.example', 'local', 'chain'])
    await assert.rejects(client.resolve('bank@south.example'), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(client.resolve('not a name'), { code: 'INVALID_ARGUMENT' })
  })
})

describe('calling agents', () => {
  it('goes through a gateway of the own domain and brings the way it took', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, answering)
    const { response, hops } = await client.send('visa@south.example', 'to Oslo', { extensions: ['urn:x'] })
    assert.equal((response.payload.value as a2a.Message).parts[0]?.content.value, 'you said 7, new-id, 1')
    assert.deepEqual(
      hops.map((hop) => hop.gateway),
      ['spiffe://north.example/agw/gw1', 'spiffe://south.example/agw/gw9']
    )
    const header = fromBinary(RelayHeaderSchema, rpc.opened[0]?.header ?? new Uint8Array())
    assert.deepEqual(
      [header.target, header.operation, header.hopLimit, header.extensions, header.principal],
      ['visa@south.example', 'SendMessage', 16, ['urn:x'], 'spiffe://north.example/agent/flight']
    )
    assert.deepEqual(rpc.opened[0]?.target.expect, { domain: 'north.example', role: 'agw' })
  })

  it('sends a long message in fragments', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, answering)
    const { response } = await client.send('visa@south.example', 'x'.repeat(100_000))
    assert.match(String((response.payload.value as a2a.Message).parts[0]?.content.value), /you said 100000/)
    assert.ok(rpc.opened[0]?.stream.sent.every((bytes) => bytes.length <= 65_532))
  })

  it('takes the next gateway when one is gone, and says NO_ROUTE when there is none', async () => {
    const { client, rpc, nodes } = swarm()
    rpc.down.add(GW1.peer)
    rpc.streams.set(GW2.peer, answering)
    await client.send('visa@south.example', 'hi')
    assert.equal(rpc.opened[0]?.peer, GW2.peer)
    nodes.splice(0)
    await assert.rejects(client.send('visa@south.example', 'hi'), { code: 'NO_ROUTE' })
  })

  it('streams, and cancels on the way when the reader leaves', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, async (stream) => {
      stream.reply(streamed('one').subarray(0, 4), false)
      stream.reply(streamed('one').subarray(4))
      stream.reply(streamed('two'))
      await new Promise(() => undefined)
    })
    const heard: unknown[] = []
    for await (const { payload } of client.stream('visa@south.example', 'go')) {
      heard.push((payload.value as a2a.Message).parts[0]?.content.value)
      if (heard.length === 2) break
    }
    assert.deepEqual(heard, ['one', 'two'])
    assert.ok(rpc.opened[0]?.stream.aborted, 'the stream was reset')
  })

  it('throws what the far side failed with, and stops when told to', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, async () => {
      throw new HansaError('AGENT_UNREACHABLE', 'it is offline', { at: 'spiffe://south.example/agw/gw9' })
    })
    await assert.rejects(client.send('visa@south.example', 'hi'), { code: 'AGENT_UNREACHABLE', metadata: { at: 'spiffe://south.example/agw/gw9' } })
    rpc.streams.set(GW1.peer, () => new Promise(() => undefined))
    const stop = new AbortController()
    const waiting = assert.rejects(client.send('visa@south.example', 'hi', { signal: stop.signal }), { code: 'CANCELED' })
    await new Promise<void>((resolve) => setImmediate(resolve))
    stop.abort(new HansaError('CANCELED', 'enough'))
    await waiting
  })

  it('says why the far side ended the call before it had taken the request', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, async (stream) => {
      stream.finish(new HansaError('TOO_MANY_CALLS', 'eight are open', { bound: 8 }))
    })
    await assert.rejects(client.send('visa@south.example', 'x'.repeat(1_000_000)), { code: 'TOO_MANY_CALLS' })
  })

  it('sends nothing that is above the bound', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, answering)
    await assert.rejects(client.send('visa@south.example', 'x'.repeat(17 << 20)), { code: 'FRAME_TOO_LARGE' })
    assert.deepEqual(rpc.opened, [])
  })

  it('refuses an answer that is none', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, async (stream) => stream.reply(Uint8Array.of(0xff, 0xff)))
    await assert.rejects(client.send('visa@south.example', 'hi'), { code: 'MALFORMED' })
    rpc.streams.set(GW1.peer, async () => undefined)
    await assert.rejects(client.send('visa@south.example', 'hi'), { code: 'INVALID_AGENT_RESPONSE' })
  })

  it('goes straight to an agent of its own domain where that is allowed, and knows whom to expect there', async () => {
    const { client, rpc } = swarm({ intraDomain: 'direct' })
    const hotel = identity('agent', 'hotel')
    rpc.answer(ARS, methods.resolve, () => ({ record: record(ARS, 'hotel'), address: { node: nodeInfo(hotel), gateway: false }, source: 'local' }))
    rpc.streams.set(hotel.peer, answering)
    const sent = await client.send('hotel@north.example', 'hi')
    assert.equal(sent.direct, true)
    assert.deepEqual([rpc.opened[0]?.peer, rpc.opened[0]?.method], [hotel.peer, methods.deliver.id])
    assert.deepEqual(rpc.opened[0]?.target.expect, { spiffeId: hotel.spiffeId })
  })

  it('asks once for many direct calls, and again after half a minute or when the agent has moved', async () => {
    const { client, rpc, clock } = swarm({ intraDomain: 'direct' })
    const [before, after] = [identity('agent', 'hotel'), identity('agent', 'hotel2')]
    const at = (node: PeerIdentity) =>
      rpc.answer(ARS, methods.resolve, () => ({
        record: sealAs(ARS, AgentRecordSchema, { ...recordFields('hotel'), peerId: node.peer }),
        address: { node: nodeInfo(node), gateway: false },
        source: 'local'
      }))
    at(before)
    rpc.streams.set(before.peer, answering)
    rpc.streams.set(after.peer, answering)
    for (let call = 0; call < 5; call++) await client.send('hotel@north.example', 'hi')
    assert.equal(rpc.calls(methods.resolve).length, 1)
    await clock.advance(30_000)
    await client.send('hotel@north.example', 'hi')
    assert.equal(rpc.calls(methods.resolve).length, 2)
    rpc.down.add(before.peer)
    at(after)
    await client.send('hotel@north.example', 'hi')
    assert.equal(rpc.calls(methods.resolve).length, 3)
    assert.equal(rpc.opened.at(-1)?.peer, after.peer)
  })

  it('does not call a call through a gateway direct, whatever hops the gateway tells', async () => {
    const { client, rpc } = swarm({ intraDomain: 'direct' })
    rpc.streams.set(GW1.peer, async (stream) => {
      await answering(stream)
      stream.setTrailer(trailer('spiffe://south.example/agent/visa'))
    })
    assert.equal((await client.send('visa@south.example', 'hi')).direct, false)
  })

  it('fetches cards and traces the way', async () => {
    const { client, rpc } = swarm()
    rpc.streams.set(GW1.peer, async (stream) => {
      stream.reply(new TextEncoder().encode('{"name":"Visa"}'))
    })
    assert.equal(new TextDecoder().decode(await client.card('visa@south.example')), '{"name":"Visa"}')
    rpc.streams.set(GW1.peer, async (stream) => stream.setTrailer(trailer('spiffe://north.example/agw/gw1')))
    assert.deepEqual(
      (await client.trace('visa@south.example')).map((hop) => hop.gateway),
      ['spiffe://north.example/agw/gw1']
    )
  })
})
