import assert from 'node:assert/strict'
import { AGW_DEFAULTS } from '../../../../../src/roles/agw/config.ts'
import { AgentStatus, RecordState } from '../../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { applicable, codeOf, type GatewaySim, type SimGateway, type SimNode } from '../../../../sim/gateway-sim.ts'
import { flightAtHome } from '../../../../sim/flight-at-home.ts'

const NORTH = 'north.example'
const SOUTH = 'south.example'
const FLIGHT = `flight@${NORTH}`

describe('roles/agw: agents at their gateway (draft 3.3.1)', () => {
  let sim: GatewaySim
  let gateway: SimGateway
  let far: SimGateway
  let ars: SimNode
  let agent: SimNode

  beforeEach(async () => {
    ;({ sim, gateway, far, ars, agent } = await flightAtHome(NORTH, SOUTH))
  })

  const attachWith = (papers: Parameters<typeof agent.rpc.call<typeof methods.attach>>[2], caller = agent) =>
    codeOf(sim.clock.run(caller.rpc.call(sim.target(gateway), methods.attach, papers)))
  const lastReport = () => {
    const change = sim.reports.at(-1)?.report.changes.find(({ resourceId }) => resourceId.endsWith(':flight'))
    return change?.status
  }

  it('records the agent, advertises it to other gateways and tells the ARS', async () => {
    const answer = await sim.attach(agent, gateway, ars)
    assert.equal(answer.heartbeatMs, 30_000)
    assert.equal(gateway.control.routing.attached(FLIGHT)?.peer, agent.peer)
    assert.equal(new TextDecoder().decode(gateway.control.routing.attached(FLIGHT)?.card), '{"name":"flight"}')
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    await sim.clock.until(() => lastReport() === AgentStatus.ONLINE, 2_000)
  })

  describe('refuses', () => {
    it('a request without its papers', async () => {
      assert.equal(await attachWith({}), 'INCOMPLETE_REGISTRATION')
      assert.equal(await attachWith({ description: sim.papers(agent, ars).description }), 'INCOMPLETE_REGISTRATION')
    })

    it("another agent's description or record", async () => {
      const other = await sim.agent('hotel', NORTH)
      assert.equal(await attachWith(sim.papers(other, ars)), 'PERMISSION_DENIED')
      assert.equal(await attachWith({ ...sim.papers(agent, ars), record: sim.papers(other, ars).record }), 'PERMISSION_DENIED')
    })

    it('a record that no ARS of the domain has signed', async () => {
      assert.equal(await attachWith(sim.papers(agent, agent)), 'PERMISSION_DENIED')
      const foreign = await sim.ars(SOUTH)
      assert.equal(await attachWith(sim.papers(agent, foreign)), 'PERMISSION_DENIED')
    })

    it('changed bytes', async () => {
      const papers = sim.papers(agent, ars)
      papers.record.payload = Uint8Array.from(papers.record.payload, (byte, index) => (index === 3 ? byte ^ 1 : byte))
      assert.equal(await attachWith(papers), 'SIGNATURE_INVALID')
    })

    it('a deregistered agent, an expired record, and a card that was not registered', async () => {
      assert.equal(await attachWith(sim.papers(agent, ars, { state: RecordState.DEREGISTERED })), 'AGENT_NOT_FOUND')
      assert.equal(await attachWith(sim.papers(agent, ars, { expiresAt: sim.clock.now() })), 'RECORD_STALE')
      const { record } = sim.papers(await sim.agent('hotel', NORTH), ars)
      assert.notEqual(await attachWith({ ...sim.papers(agent, ars), record }), 'no error')
    })

    it('an agent of another domain', async () => {
      const foreigner = await sim.agent('spy', SOUTH)
      assert.equal(await attachWith(sim.papers(foreigner, await sim.ars(SOUTH)), foreigner), 'PERMISSION_DENIED')
    })

    it('more agents than its bound', async () => {
      const small = await sim.gateway('small', NORTH, { config: { bounds: { ...AGW_DEFAULTS.bounds, agents: 1 } } })
      await sim.attach(agent, small, ars)
      const second = await sim.agent('hotel', NORTH)
      assert.equal(await codeOf(sim.attach(second, small, ars)), 'OVERLOADED')
      assert.equal(await codeOf(sim.attach(agent, small, ars)), 'no error', 'one that is attached may attach again')
    })
  })

  it('carries the probe in the heartbeat: OFFLINE takes the agent out everywhere, ONLINE brings it back', async () => {
    await sim.attach(agent, gateway, ars)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    await sim.heartbeat(agent, gateway, AgentStatus.OFFLINE)
    await sim.clock.until(() => !applicable(far).includes(FLIGHT), 1_000)
    assert.equal(await codeOf(() => far.control.routing.nextHop(FLIGHT, [])), 'AGENT_UNREACHABLE')
    assert.equal(await codeOf(() => gateway.control.routing.nextHop(FLIGHT, [])), 'AGENT_UNREACHABLE')
    await sim.clock.until(() => lastReport() === AgentStatus.OFFLINE, 1_000)
    await sim.heartbeat(agent, gateway, AgentStatus.ONLINE)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
  })

  it('marks a silent agent offline after three heartbeats and lets it go after an hour', async () => {
    await sim.attach(agent, gateway, ars)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    await sim.clock.advance(85_000)
    assert.deepEqual(applicable(far), [FLIGHT])
    await sim.clock.advance(7_000)
    assert.deepEqual(applicable(far), [])
    assert.equal(far.control.routes().length, 1, 'offline, not gone')
    await sim.clock.advance(3_600_000)
    assert.deepEqual(far.control.routes(), [])
    assert.equal((await sim.heartbeat(agent, gateway)).attached, false)
  })

  it('notices at once that the process of an agent is gone', async () => {
    await sim.attach(agent, gateway, ars)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    await agent.stop()
    await sim.clock.until(() => applicable(far).length === 0, 2_000)
    await sim.clock.until(() => lastReport() === AgentStatus.OFFLINE, 2_000)
  })

  it('keeps an agent whose connection only flickered', async () => {
    agent.rpc.handle(methods.ping, () => ({}))
    await sim.attach(agent, gateway, ars)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    agent.transport.network.disconnect(gateway.peer)
    await sim.clock.advance(2_000)
    assert.deepEqual(applicable(far), [FLIGHT])
  })

  it('deletes the record on detach, everywhere (draft: deregistration request)', async () => {
    await sim.attach(agent, gateway, ars)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    await sim.detach(agent, gateway)
    await sim.clock.until(() => far.control.routes().length === 0, 1_000)
    assert.equal(await codeOf(() => gateway.control.routing.nextHop(FLIGHT, [])), 'AGENT_NOT_FOUND')
  })

  it('lets nobody beat or detach for another agent', async () => {
    await sim.attach(agent, gateway, ars)
    const other = await sim.agent('hotel', NORTH)
    await sim.attach(other, gateway, ars)
    const resourceId = `urn:air:${NORTH}:agent:flight`
    const beat = other.rpc.call(sim.target(gateway), methods.heartbeat, { resourceId, status: AgentStatus.OFFLINE })
    assert.equal(await codeOf(sim.clock.run(beat)), 'PERMISSION_DENIED')
    assert.equal(await codeOf(sim.clock.run(other.rpc.call(sim.target(gateway), methods.detach, { resourceId }))), 'PERMISSION_DENIED')
    assert.equal(gateway.control.routing.attached(FLIGHT)?.status, AgentStatus.ONLINE)
  })

  it('detaches an agent whose certificate is revoked', async () => {
    await sim.attach(agent, gateway, ars)
    await sim.clock.until(() => applicable(far).includes(FLIGHT), 1_000)
    gateway.identities.revoke(agent.identity.serial)
    await sim.clock.until(() => far.control.routes().length === 0, 1_000)
    assert.deepEqual(gateway.control.attachments(), [])
  })

  it('advertises nothing that is not exported, and routes it at home', async () => {
    const closed = await sim.gateway('closed', NORTH, { config: { export: ['travel', `pub*@${NORTH}`] } })
    await sim.connect(far, closed)
    await sim.attach(agent, closed, ars, { capabilities: ['bank/ledger'] })
    await sim.attach(await sim.agent('public', NORTH), closed, ars, { capabilities: ['bank/ledger'] })
    await sim.attach(await sim.agent('hotel', NORTH), closed, ars, { capabilities: ['travel/hotel'] })
    await sim.clock.until(() => applicable(far).length === 2, 2_000)
    assert.deepEqual(applicable(far).sort(), [`hotel@${NORTH}`, `public@${NORTH}`])
    assert.equal(closed.control.routing.nextHop(FLIGHT, []).kind, 'local')
  })

  it('tells an ARS that comes back everything', async () => {
    await sim.attach(agent, gateway, ars)
    await sim.clock.advance(2_000)
    const before = sim.reports.length
    await ars.stop()
    const again = await sim.ars(NORTH)
    await sim.clock.run(gateway.transport.network.dial(sim.address(again)))
    await sim.clock.until(() => sim.reports.slice(before).some(({ report }) => report.full && report.changes.length === 1), 5_000)
  })
})
