import assert from 'node:assert/strict'
import { HansaError } from '../../../../src/schema/errors.ts'
import { AgentStatus } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { AttachRequestSchema } from '../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { CARD, type sealAs, serveAttachment, serveRegistration } from './fakes.ts'
import { ARS, GW1, GW2, house, ME } from './house.ts'

const { ONLINE, OFFLINE } = AgentStatus

describe('an agent on the swarm', () => {
  it('registers what its card says, attaches with the proof, and beats at the interval the gateway asks for', async () => {
    const { clock, rpc, service } = house({ languages: ['en', 'zh-hans'] })
    const descriptions = serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 1000)
    await service.start()
    const attached = await clock.run(service.ready())
    assert.equal(attached.gateway.spiffeId, GW1.spiffeId)
    assert.deepEqual(descriptions[0]?.capabilities, ['travel/flight-booking', 'flights'])
    assert.deepEqual(descriptions[0]?.languages, ['en', 'zh-Hans'])
    assert.deepEqual(descriptions[0]?.protocols, ['a2a-jsonrpc'])
    assert.deepEqual(JSON.parse(new TextDecoder().decode(descriptions[0]?.card)), CARD)
    const shown = rpc.calls(methods.attach)[0]?.request as { $typeName: string; description?: { type: string }; record?: { type: string } }
    assert.equal(shown.$typeName, AttachRequestSchema.typeName)
    assert.equal(shown.record?.type, 'hansa.v1.AgentRecord')
    const before = gateway.statuses.length
    await clock.advance(10_000)
    assert.equal(gateway.statuses.length - before, 10)
    assert.ok(gateway.statuses.every((status) => status === ONLINE))
    assert.equal(service.state().lastHeartbeat, clock.now())
    await clock.run(service.stop())
  })

  it('waits for its certificate', async () => {
    const { clock, rpc, identities, service } = house({}, [ARS, GW1], false)
    serveRegistration(rpc, ARS, () => clock.now())
    serveAttachment(rpc, GW1)
    await service.start()
    await clock.advance(10_000)
    assert.equal(service.state().problem?.code, 'UNAUTHENTICATED')
    assert.equal(rpc.log.length, 0)
    identities.me = ME
    await clock.run(service.ready())
    await clock.run(service.stop())
  })

  it('keeps trying to register, ever more slowly up to a cap, until a server answers', async () => {
    const { clock, rpc, service } = house()
    rpc.down.add(ARS.peer)
    serveAttachment(rpc, GW1)
    await service.start()
    await clock.advance(600_000)
    const tries = rpc.calls(methods.register).length
    assert.ok(tries > 20 && tries < 60, `${tries} attempts in ten minutes`)
    assert.equal(service.state().problem?.code, 'PEER_UNREACHABLE')
    serveRegistration(rpc, ARS, () => clock.now())
    rpc.down.delete(ARS.peer)
    const at = clock.now()
    await clock.run(service.ready())
    assert.ok(clock.now() - at <= 30_000)
    assert.equal(service.state().problem, undefined)
    await clock.run(service.stop())
  })

  it('tells a refusal to whoever waits, and tries again slowly', async () => {
    const { clock, rpc, service } = house()
    rpc.answer(ARS, methods.register, () => {
      throw new HansaError('PERMISSION_DENIED', 'this name is taken')
    })
    await service.start()
    await assert.rejects(clock.run(service.ready()), { code: 'PERMISSION_DENIED', message: 'this name is taken' })
    const before = rpc.calls(methods.register).length
    await clock.advance(60_000)
    const more = rpc.calls(methods.register).length - before
    assert.ok(more >= 1 && more <= 10, `${more} attempts in a minute`)
    await clock.run(service.stop())
  })

  for (const how of ['by its gateway', 'by its server'])
    it(`says that the operator deregistered it, told ${how}, and asks slowly until that is taken back`, async () => {
      const { clock, rpc, service } = house()
      serveRegistration(rpc, ARS, () => clock.now())
      const gateway = serveAttachment(rpc, GW1)
      await service.start()
      await clock.run(service.ready())
      rpc.answer(ARS, methods.update, () => {
        throw new HansaError('AGENT_NOT_FOUND', 'flight is not registered')
      })
      rpc.answer(ARS, methods.register, () => {
        throw new HansaError('PERMISSION_DENIED', 'the operator deregistered flight')
      })
      if (how === 'by its gateway') {
        gateway.attached.clear()
        rpc.answer(GW1, methods.attach, () => {
          throw new HansaError('AGENT_NOT_FOUND', 'flight has been deregistered')
        })
        await clock.advance(20_000)
      } else await clock.advance(43_300_000)
      assert.deepEqual([service.state().problem?.code, service.state().problem?.message], ['PERMISSION_DENIED', 'the operator deregistered flight'])
      assert.deepEqual([service.state().registered, service.state().attached, gateway.attached.size], [undefined, undefined, 0])
      const before = rpc.log.length
      await clock.advance(600_000)
      assert.ok(rpc.log.length - before < 20, `${rpc.log.length - before} calls in ten minutes`)
      serveRegistration(rpc, ARS, () => clock.now())
      serveAttachment(rpc, GW1)
      await clock.advance(300_000)
      assert.equal(service.state().problem, undefined)
      assert.ok(service.state().attached !== undefined)
      await clock.run(service.stop())
    })

  it('waits as long as a rate limit asks for', async () => {
    const { clock, rpc, service } = house()
    rpc.answer(ARS, methods.register, () => {
      throw new HansaError('RATE_LIMITED', 'too many registrations', { retryAfterMs: 40_000 })
    })
    await service.start()
    await clock.advance(39_000)
    assert.equal(rpc.calls(methods.register).length, 1)
    await clock.advance(2_000)
    assert.equal(rpc.calls(methods.register).length, 2)
    await clock.run(service.stop())
  })

  it('does not believe a record that is not signed by a registration server of its own domain', async () => {
    const { clock, rpc, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const honest = rpc.nodes.get(ARS.peer)?.get(methods.register.id)
    rpc.answer(ARS, methods.register, (request, target) => {
      const { record } = honest?.(request as never, target) as { record: ReturnType<typeof sealAs> }
      return { record: { ...record, chain: [new TextEncoder().encode('spiffe://south.example/ars/ars9')] } }
    })
    serveAttachment(rpc, GW1)
    await service.start()
    await assert.rejects(clock.run(service.ready()), { code: 'SIGNATURE_INVALID', message: /south\.example\/ars\/ars9 is no registration server/ })
    assert.equal(rpc.calls(methods.attach).length, 0)
    await clock.run(service.stop())
  })

  it('says OFFLINE within seconds when only the agent behind it dies, and ONLINE when it is back', async () => {
    const { clock, rpc, client, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 30_000)
    await service.start()
    await clock.run(service.ready())
    client.online = false
    await clock.advance(5_100)
    assert.equal(gateway.statuses.at(-1), OFFLINE)
    assert.equal(service.state().lastProbe?.status, OFFLINE)
    client.online = true
    await clock.advance(5_100)
    assert.equal(gateway.statuses.at(-1), ONLINE)
    await clock.run(service.stop())
  })

  it('counts an agent that does not answer its probe in time as offline', async () => {
    const { clock, rpc, client, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    client.hangs = true
    await clock.advance(6_000)
    assert.equal(gateway.statuses.at(-1), OFFLINE)
    await clock.run(service.stop())
  })

  it('attaches again when the gateway has restarted and knows nothing of it', async () => {
    const { clock, rpc, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    gateway.restart()
    await clock.advance(1_500)
    assert.equal(rpc.calls(methods.attach, GW1).length, 2)
    assert.equal(gateway.attached.size, 1)
    assert.equal(rpc.calls(methods.register).length, 1, 'the registration was still good')
    await clock.run(service.stop())
  })

  it('asks the gateway at once when its connection ends, however long the heartbeats are', async () => {
    const { clock, rpc, service, disconnect } = house({ timing: { probeEvery: 60_000 } })
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 60_000)
    await service.start()
    await clock.run(service.ready())
    gateway.restart()
    disconnect(GW2.peer)
    await clock.advance(1_000)
    assert.equal(rpc.calls(methods.attach, GW1).length, 1, 'another connection is no reason')
    disconnect(GW1.peer)
    await clock.advance(1_000)
    assert.equal(rpc.calls(methods.attach, GW1).length, 2)
    assert.equal(gateway.attached.size, 1)
    await clock.run(service.stop())
  })

  it('does not flood a gateway that takes it and forgets it at once', async () => {
    const { clock, rpc, service } = house({}, [ARS, GW1])
    serveRegistration(rpc, ARS, () => clock.now())
    serveAttachment(rpc, GW1, 1000)
    rpc.answer(GW1, methods.heartbeat, () => ({ attached: false }))
    await service.start()
    await clock.advance(60_000)
    assert.ok(rpc.calls(methods.attach).length <= 12, `${rpc.calls(methods.attach).length} attachments in a minute`)
    assert.equal(service.state().problem?.code, 'OVERLOADED')
    await clock.run(service.stop())
  })

  it('goes to the second gateway when the first is gone', async () => {
    const { clock, rpc, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    serveAttachment(rpc, GW1, 1000)
    const second = serveAttachment(rpc, GW2, 1000)
    await service.start()
    await clock.run(service.ready())
    rpc.down.add(GW1.peer)
    await clock.advance(1_500)
    assert.equal(service.state().attached?.gateway.spiffeId, GW2.spiffeId)
    assert.equal(second.statuses.at(-1), ONLINE)
    await clock.run(service.stop())
  })

  it('updates its registration and shows it to the gateway when its card changes', async () => {
    const { clock, rpc, client, service } = house()
    const descriptions = serveRegistration(rpc, ARS, () => clock.now())
    serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    client.cardBytes = new TextEncoder().encode(JSON.stringify({ ...CARD, name: 'Flight agent 2' }))
    await clock.advance(125_000)
    assert.equal(rpc.calls(methods.update).length, 1)
    assert.equal(descriptions.at(-1)?.name, 'Flight agent 2')
    assert.ok((descriptions.at(-1)?.revision ?? 0n) > (descriptions[0]?.revision ?? 0n))
    assert.equal(rpc.calls(methods.attach).length, 2)
    await clock.run(service.stop())
  })

  it('does so at once when the agent says that its card has changed', async () => {
    const { clock, rpc, client, service } = house()
    const descriptions = serveRegistration(rpc, ARS, () => clock.now())
    serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    client.cardBytes = new TextEncoder().encode(JSON.stringify({ ...CARD, name: 'Flight agent 2' }))
    client.changed()
    await clock.advance(10)
    assert.equal(descriptions.at(-1)?.name, 'Flight agent 2')
    await clock.advance(60_000)
    assert.equal(rpc.calls(methods.update).length, 1)
    await clock.run(service.stop())
  })

  it('stays as it is, and says why, when its new card is none', async () => {
    const { clock, rpc, client, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    client.cardBytes = new TextEncoder().encode('{"name":7}')
    await clock.advance(125_000)
    assert.equal(rpc.calls(methods.update).length, 0)
    assert.equal(service.state().problem?.code, 'INVALID_AGENT_RESPONSE')
    assert.equal(gateway.statuses.at(-1), ONLINE)
    await clock.run(service.stop())
  })

  it('goes on beating while the directory is away at the time of an update', async () => {
    const { clock, rpc, client, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    client.cardBytes = new TextEncoder().encode(JSON.stringify({ ...CARD, name: 'Flight agent 2' }))
    rpc.down.add(ARS.peer)
    await clock.advance(122_000)
    const before = gateway.statuses.length
    await clock.advance(10_000)
    assert.ok(gateway.statuses.length - before >= 9)
    assert.equal(service.state().problem?.code, 'PEER_UNREACHABLE')
    rpc.down.delete(ARS.peer)
    await clock.advance(30_000)
    assert.equal(service.state().registered?.record.name, 'Flight agent 2')
    assert.equal(service.state().problem, undefined)
    await clock.run(service.stop())
  })

  it('has its record signed anew in the second half of its life, and after its certificate was renewed', async () => {
    const { clock, rpc, identities, service } = house()
    serveRegistration(rpc, ARS, () => clock.now(), 100_000)
    serveAttachment(rpc, GW1, 1000)
    await service.start()
    await clock.run(service.ready())
    await clock.advance(52_000)
    assert.equal(rpc.calls(methods.update).length, 1)
    identities.me = { ...ME, serial: '2' }
    await clock.advance(2_000)
    assert.equal(rpc.calls(methods.update).length, 2)
    await clock.run(service.stop())
  })

  it('detaches when it stops, and takes itself off the directory when told to', async () => {
    const { clock, rpc, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    const gateway = serveAttachment(rpc, GW1)
    await service.start()
    await clock.run(service.ready())
    await clock.run(service.stop())
    assert.equal(gateway.attached.size, 0)
    assert.equal(rpc.calls(methods.deregister).length, 0)
    await service.start()
    await clock.run(service.ready())
    await clock.run(service.deregister())
    assert.equal(rpc.calls(methods.deregister).length, 1)
    assert.equal(service.state().registered, undefined)
    assert.equal(clock.pending, 0, 'no timer is left behind')
  })

  it('stops though the gateway cannot be told', async () => {
    const { clock, rpc, service } = house()
    serveRegistration(rpc, ARS, () => clock.now())
    serveAttachment(rpc, GW1)
    await service.start()
    await clock.run(service.ready())
    rpc.down.add(GW1.peer)
    await clock.run(service.stop())
    assert.equal(service.state().attached, undefined)
  })
})
