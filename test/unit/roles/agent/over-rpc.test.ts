import assert from 'node:assert/strict'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { createHandlerClient } from '../../../../src/adapters/inprocess-agent/handler-client.ts'
import type { MessageHandler } from '../../../../src/adapters/inprocess-agent/handler.ts'
import { createRpc } from '../../../../src/adapters/rpc/create-rpc.ts'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import type { Role } from '../../../../src/core/ids/role.ts'
import type { Identities } from '../../../../src/ports/identity.ts'
import type { Records } from '../../../../src/ports/records.ts'
import { agent } from '../../../../src/roles/agent/agent.ts'
import { replyText } from '../../../../src/roles/agent/reply-text.ts'
import { createSwarmClient } from '../../../../src/roles/agent/swarm-client.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema, AgentRecordSchema, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { type NodeInfo, NodeInfoSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { CancelTaskRequestSchema, TaskSchema, TaskState } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { FakeIdentities } from '../../../support/memory/fake-identities.ts'
import { MemorySwarm } from '../../../support/memory/swarm.ts'
import { silentLog } from './fakes.ts'

const DOMAIN = 'north.example'

/** Records whose signature is the chain itself. */
function recordsOf(identities: Identities): Records {
  const open: Records['open'] = (schema, record) => ({ message: fromBinary(schema, record.payload), signer: identities.verifySigner(record.chain) })
  return {
    seal: (schema, value) =>
      create(SignedRecordSchema, { type: schema.typeName, payload: toBinary(schema, create(schema, value)), chain: [...identities.chain()] }),
    open,
    consistent: (schema, record) => ({ ...open(schema, record), root: new Uint8Array(32) })
  }
}

/** A domain of three nodes on the memory network with the real RPC engine: a server and gateway in one, an agent, and one who calls it directly. */
async function domain(handler: MessageHandler) {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock)
  const infos: NodeInfo[] = []
  const node = async (name: string, ...roles: Role[]) => {
    const { peer, network } = swarm.join(`peer-${name}`)
    const identities = new FakeIdentities(DOMAIN).enrol(peer, name, roles)
    const rpc = createRpc({ network, identities, admission: { admit: () => () => undefined }, clock, log: silentLog })
    await rpc.start()
    const spiffeId = identities.self()?.spiffeId ?? ''
    const self = create(NodeInfoSchema, { spiffeId, roles, peerId: peer, multiaddrs: network.addresses() })
    infos.push(self)
    const members = { self: () => self, find: (role: Role) => infos.filter((info) => info.roles.includes(role)) }
    return { clock, rpc, identities, records: recordsOf(identities), members, self, log: silentLog }
  }
  const server = await node('server', 'ars', 'agw')
  const flight = await node('flight', 'agent')
  const hotel = await node('hotel', 'agent')
  let record: SignedRecord | undefined
  server.rpc.handle(methods.register, ({ description }) => {
    const { message, signer } = server.records.open(AgentDescriptionSchema, description ?? create(SignedRecordSchema))
    const handle = `${signer.name}@${DOMAIN}`
    const names = { resourceId: `urn:air:${DOMAIN}:agent:${signer.name}`, spiffeId: signer.spiffeId, handle, domain: DOMAIN, peerId: message.peerId }
    const life = { issuedAt: BigInt(clock.now()), expiresAt: BigInt(clock.now() + 86_400_000) }
    record = server.records.seal(AgentRecordSchema, { ...names, ...life, state: RecordState.REGISTERED, sequence: 1n })
    return { record, created: true }
  })
  server.rpc.handle(methods.resolve, () => ({ record, address: { node: flight.self, gateway: false }, source: 'local' }))
  server.rpc.handle(methods.attach, () => ({ heartbeatMs: 1000, url: '' }))
  server.rpc.handle(methods.heartbeat, () => ({ attached: true }))
  server.rpc.handle(methods.detach, () => ({}))
  const client = createHandlerClient(handler, { card: { name: 'Flight', description: 'flies', skills: [{ id: 'travel' }] }, now: () => clock.now() })
  const service = agent({ intraDomain: 'direct' }).create({ ...flight, client, store: new MemoryStore(), sha256 })
  await service.start()
  await clock.run(service.ready())
  return { clock, service, caller: createSwarmClient({ ...hotel, config: { intraDomain: 'direct' } }), server }
}

describe('an agent over the real RPC engine', () => {
  it('answers another agent of its domain, who was verified', async () => {
    const { clock, caller, service } = await domain((_message, { text, principal }) => `${text}, ${principal}`)
    const { response, hops } = await clock.run(caller.send('flight', 'to Oslo'))
    assert.equal(replyText(response), 'to Oslo, spiffe://north.example/agent/hotel')
    assert.deepEqual(
      hops.map((hop) => hop.gateway),
      ['spiffe://north.example/agent/flight']
    )
    assert.equal(JSON.parse(new TextDecoder().decode(await clock.run(caller.card('flight')))).name, 'Flight')
    await clock.run(service.stop())
  })

  it('streams megabytes whole and in order', async () => {
    const { clock, caller, service } = await domain(async function* () {
      for (let i = 0; i < 50; i++) yield `${i}:${'x'.repeat(100_000)} `
    })
    const heard: string[] = []
    const listen = async () => {
      for await (const response of caller.stream('flight', 'go')) heard.push(replyText(response).split(':')[0] ?? '')
    }
    await clock.run(listen())
    assert.deepEqual(
      heard.filter((text) => text !== ''),
      Array.from({ length: 50 }, (_, i) => `${i}`)
    )
    await clock.run(service.stop())
  })

  it('does not run ahead of a caller who does not read', async () => {
    let made = 0
    const { clock, caller, service } = await domain(async function* () {
      for (; made < 10_000; made++) yield 'x'.repeat(10_000)
    })
    const responses = caller.stream('flight', 'go')[Symbol.asyncIterator]()
    await clock.run(responses.next())
    await clock.advance(1_000)
    assert.ok(made < 1_000, `${made} pieces were made`)
    const held = made
    await clock.advance(10_000)
    assert.equal(made, held)
    await clock.run(Promise.resolve(responses.return?.()))
    await clock.until(() => service.state().openCalls === 0)
    await clock.run(service.stop())
  })

  it('ends the call when the caller leaves, and the task when it is canceled', async () => {
    let signal: AbortSignal | undefined
    const { clock, caller, service } = await domain((_message, context) => {
      signal = context.signal
      return (async function* () {
        yield 'first'
        await new Promise(() => undefined)
      })()
    })
    let task = ''
    const listen = async () => {
      for await (const { payload } of caller.stream('flight', 'go')) {
        if (payload.case === 'task') task = payload.value.id
        if (payload.case === 'artifactUpdate') break
      }
    }
    await clock.run(listen())
    await clock.until(() => service.state().openCalls === 0)
    assert.equal(signal?.aborted, false, 'the task lives on')
    const canceled = await clock.run(caller.invoke('flight', 'CancelTask', TaskSchema, create(CancelTaskRequestSchema, { id: task })))
    assert.equal(canceled.status?.state, TaskState.CANCELED)
    assert.equal(signal?.aborted, true)
    await clock.run(service.stop())
  })

  it('is told of the deadline, and so is the caller', async () => {
    let signal: AbortSignal | undefined
    const { clock, caller, service } = await domain(async (_message, context) => {
      signal = context.signal
      await new Promise(() => undefined)
      return 'never'
    })
    await assert.rejects(clock.run(caller.send('flight', 'go', { timeoutMs: 2_000 })), { code: 'DEADLINE_EXCEEDED' })
    await clock.until(() => service.state().openCalls === 0)
    assert.equal(signal?.aborted, true)
    await clock.run(service.stop())
  })

  it('tells the caller who refused, and stays up', async () => {
    const { clock, caller, service } = await domain((_message, { text }) => {
      if (text === 'image') throw new HansaError('CONTENT_TYPE_NOT_SUPPORTED', 'words only')
      return 'fine'
    })
    await assert.rejects(clock.run(caller.send('flight', 'image')), (error: HansaError) => {
      assert.deepEqual([error.code, error.metadata['at']], ['CONTENT_TYPE_NOT_SUPPORTED', 'spiffe://north.example/agent/flight'])
      return true
    })
    assert.equal(replyText((await clock.run(caller.send('flight', 'words'))).response), 'fine')
    await clock.run(service.stop())
  })
})
