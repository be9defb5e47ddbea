import assert from 'node:assert/strict'
import type { DiscoverRequest } from '../../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { codeOf, GatewaySim, type SimGateway, type SimNode } from '../../../../sim/gateway-sim.ts'

const NORTH = 'north.example'
const SOUTH = 'south.example'

describe('roles/agw: discovery through the gateway (draft 3.2.3)', () => {
  let sim: GatewaySim
  let gateway: SimGateway
  let agent: SimNode
  const asked: { readonly server: string; readonly caller: string; readonly request: DiscoverRequest; readonly timeoutMs: number }[] = []

  beforeEach(async () => {
    asked.length = 0
    sim = new GatewaySim([NORTH, SOUTH])
    gateway = await sim.gateway('gw', NORTH)
    agent = await sim.agent('flight', NORTH)
  })

  async function server(name: string, answer: () => object | Promise<object> = () => ({ complete: true }), domain = NORTH): Promise<SimNode> {
    const node = await sim.node(name, domain, ['ars'])
    node.rpc.handle(methods.report, () => ({}))
    node.rpc.handle(methods.discover, (request, { caller, timeoutMs }) => {
      asked.push({ server: name, caller: caller.identity?.spiffeId ?? '', request, timeoutMs })
      return answer()
    })
    return node
  }
  const ask = (from: SimNode = agent, timeoutMs?: number) =>
    sim.clock.run(from.rpc.call(sim.target(gateway), methods.gatewayDiscover, { capabilities: ['travel'], limit: 3 }, { timeoutMs }))

  it('passes the question to a server of its domain, in its own name, and the answer back', async () => {
    await server('ars', () => ({ complete: true, asked: [{ domain: NORTH, hits: 2 }] }))
    const answer = await ask(agent, 4_000)
    assert.equal(answer.complete, true)
    assert.deepEqual(
      answer.asked.map(({ domain, hits }) => ({ domain, hits })),
      [{ domain: NORTH, hits: 2 }]
    )
    const [call] = asked
    assert.equal(call?.caller, gateway.identity.spiffeId)
    assert.deepEqual([call?.request.capabilities, call?.request.limit], [['travel'], 3])
    assert.ok((call?.timeoutMs ?? 0) > 3_000 && (call?.timeoutMs ?? 0) <= 4_000, `no more time than the caller has: ${call?.timeoutMs}`)
  })

  it('asks the next server when one cannot be reached, is busy or hangs', async () => {
    const gone = await server('a-gone')
    await server('b-busy', () => Promise.reject(new HansaError('OVERLOADED', 'busy')))
    await server('c-hung', () => new Promise<object>(() => undefined))
    await server('d-well')
    sim.swarm.cut(gateway.peer, gone.peer)
    const answer = await ask(agent, 8_000)
    assert.equal(answer.complete, true)
    assert.deepEqual(asked.map((call) => call.server).at(-1), 'd-well')
  })

  it('goes round no refusal', async () => {
    await server('ars1', () => Promise.reject(new HansaError('INVALID_ARGUMENT', 'an unknown status filter')))
    await server('ars2')
    assert.equal(await codeOf(ask()), 'INVALID_ARGUMENT')
    assert.equal(asked.length, 1)
  })

  it('says that no server can be reached', async () => {
    assert.equal(await codeOf(ask()), 'PEER_UNREACHABLE')
    const ars = await server('ars')
    sim.swarm.cut(gateway.peer, ars.peer)
    assert.equal(await codeOf(ask()), 'PEER_UNREACHABLE')
  })

  it('answers members of its own domain only, and asks no server of another', async () => {
    await server('ars', undefined, SOUTH)
    assert.equal(await codeOf(ask(await sim.agent('spy', SOUTH))), 'PERMISSION_DENIED')
    assert.equal(await codeOf(ask()), 'PEER_UNREACHABLE')
    assert.deepEqual(asked, [])
  })
})
