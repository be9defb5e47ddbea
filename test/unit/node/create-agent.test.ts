import assert from 'node:assert/strict'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type AgentOptions, createAgent } from '../../../src/node/create-agent.ts'
import type { OpenNode } from '../../../src/node/embedded-node.ts'
import { joinSwarm } from '../../../src/node/join-swarm.ts'
import { sha256 } from '../../../src/adapters/system/crypto.ts'
import { createSessions } from '../../../src/roles/agent/sessions/sessions.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { agent as agentRole } from '../../../src/roles/agent/agent.ts'
import { createSwarmClient } from '../../../src/roles/agent/swarm-client.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { RelayHeaderSchema } from '../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { methods } from '../../../src/wire/methods.ts'
import { FakeServerStream, type LoopStream, serveAttachment, serveRegistration, silentLog } from '../roles/agent/fakes.ts'
import { ARS, GW1, house } from '../roles/agent/house.ts'

const OPTIONS: AgentOptions = { home: '/home/hotel', name: 'Hotel', description: 'Books rooms', skills: [{ id: 'travel/hotel-booking', tags: ['travel'] }] }

/** A node over fakes: the real agent role and swarm client, a registration server and a gateway of the test. */
function embedded() {
  const made = house()
  const { clock, rpc } = made
  const events: string[] = []
  const open: OpenNode = async ({ home, agent }) => {
    events.push(`open ${home}`)
    const config = { record: true, keepMs: 1e9, maxEntries: 100, maxBytes: 1e6, total: 1e7 }
    const sessions = createSessions({ ...made, sha256, store: new MemoryStore(), log: silentLog, config })
    const service = agent && agentRole(agent.config).create({ ...made, log: silentLog, client: agent.client })
    return {
      async start() {
        events.push('start')
        await service?.start()
      },
      async stop() {
        events.push('stop')
        await service?.stop()
      },
      sessions,
      swarm: createSwarmClient({ ...made, newId: () => 'id' }),
      agent: service
    }
  }
  const descriptions = serveRegistration(rpc, ARS, () => clock.now())
  const gateway = serveAttachment(rpc, GW1)
  return { ...made, open, events, descriptions, gateway }
}

async function deliver(rpc: ReturnType<typeof embedded>['rpc'], text: string): Promise<a2a.SendMessageResponse> {
  const header = create(RelayHeaderSchema, { target: 'flight@north.example', operation: 'SendMessage', principal: 'spiffe://south.example/agent/anna' })
  const request = create(a2a.SendMessageRequestSchema, { message: { messageId: 'm', parts: [{ content: { case: 'text', value: text } }] } })
  const stream = new FakeServerStream(GW1, toBinary(RelayHeaderSchema, header), [{ bytes: toBinary(a2a.SendMessageRequestSchema, request), last: true }])
  await rpc.served.get(methods.deliver.id)?.(stream)
  return fromBinary(a2a.SendMessageResponseSchema, stream.written[0]?.bytes ?? new Uint8Array())
}

async function echoing(stream: LoopStream) {
  await stream.requested
  const value = { messageId: 'r', parts: [{ content: { case: 'text' as const, value: 'visa granted' } }] }
  stream.reply(toBinary(a2a.SendMessageResponseSchema, create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value } })))
}

describe('an agent in a few lines', () => {
  it('is registered with its skills, attached, answers, asks others, and leaves', async () => {
    const { clock, rpc, open, events, descriptions, gateway } = embedded()
    rpc.streams.set(GW1.peer, echoing)
    const agent = createAgent({ ...OPTIONS, languages: ['en', 'nb'] }, open).onMessage(async (_message, { text, principal, swarm }) => {
      const { text: visa } = await swarm.call('visa@south.example', 'check')
      return `${text} for ${principal}: ${visa}`
    })
    const { handle, url } = await clock.run(agent.start())
    assert.equal(handle, 'flight@north.example')
    assert.match(url, /^http:/)
    assert.deepEqual([descriptions[0]?.capabilities, descriptions[0]?.protocols], [['travel/hotel-booking', 'travel'], ['libp2p']])
    const { payload } = await deliver(rpc, 'two nights')
    const answer = payload.value as a2a.Message
    assert.equal(answer.parts[0]?.content.value, 'two nights for spiffe://south.example/agent/anna: visa granted')
    assert.equal(agent.state()?.attached?.gateway.spiffeId, GW1.spiffeId)
    await clock.run(agent.stop())
    assert.equal(gateway.attached.size, 0)
    assert.deepEqual(events, ['open /home/hotel', 'start', 'stop'])
    assert.equal(rpc.calls(methods.deregister).length, 0)
  })

  it('says what it was refused with, and leaves nothing running', async () => {
    const { clock, rpc, open, events } = embedded()
    rpc.answer(ARS, methods.register, () => {
      throw new HansaError('CERTIFICATE_REVOKED', 'your certificate was revoked')
    })
    const agent = createAgent(OPTIONS, open).onMessage(() => 'never')
    await assert.rejects(clock.run(agent.start()), { code: 'CERTIFICATE_REVOKED' })
    assert.equal(events.at(-1), 'stop')
    assert.throws(() => agent.swarm, { code: 'NODE_NOT_RUNNING' })
    assert.equal(clock.pending, 0)
  })

  it('stops waiting for a swarm that is not there when it is told to', async () => {
    const { clock, rpc, open } = embedded()
    rpc.down.add(ARS.peer)
    const enough = new AbortController()
    const started = assert.rejects(
      createAgent(OPTIONS, open)
        .onMessage(() => 'never')
        .start({ signal: enough.signal }),
      { code: 'CANCELED' }
    )
    await clock.advance(5_000)
    enough.abort(new HansaError('CANCELED', 'enough'))
    await clock.run(started)
  })

  it('refuses skills that are no capabilities, naming what is missing', async () => {
    const { clock, open } = embedded()
    const agent = createAgent({ ...OPTIONS, skills: [{ id: 'Book It!' }] }, open).onMessage(() => 'never')
    await assert.rejects(clock.run(agent.start()), { code: 'INCOMPLETE_REGISTRATION', message: /capabilities/ })
  })

  it('takes itself off the directory when told to', async () => {
    const { clock, rpc, open } = embedded()
    const agent = createAgent(OPTIONS, open).onMessage(() => 'hi')
    await clock.run(agent.start())
    await clock.run(agent.deregister())
    assert.equal(rpc.calls(methods.deregister).length, 1)
  })
})

describe('a visitor of the swarm', () => {
  it('calls agents without being one, and leaves at the end of its block', async () => {
    const { rpc, open, events } = embedded()
    rpc.streams.set(GW1.peer, echoing)
    {
      await using swarm = await joinSwarm({ home: '/home/me' }, open)
      assert.equal((await swarm.call('visa@south.example', 'check')).text, 'visa granted')
    }
    assert.deepEqual(events, ['open /home/me', 'start', 'stop'])
  })

  it('does not start when that was called off', async () => {
    const { open, events } = embedded()
    await assert.rejects(joinSwarm({ home: '/home/me', signal: AbortSignal.abort(new HansaError('CANCELED', 'no')) }, open), { code: 'CANCELED' })
    assert.deepEqual(events, [])
  })
})
