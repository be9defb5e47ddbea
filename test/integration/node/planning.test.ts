import assert from 'node:assert/strict'
import { type Agent, createAgent, type Skill } from '../../../src/node/create-agent.ts'
import { createNode } from '../../../src/node/create-node.ts'
import { createPlanner } from '../../../src/node/task/planner.ts'
import { createTestnet, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { until } from '../../support/until.ts'

const ENV = {
  HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSA_ADMIN_LISTEN: '127.0.0.1:0',
  HANSA_GATEWAY_HEARTBEAT: '200ms',
  HANSA_LOG_LEVEL: 'silent',
  HANSA_METRICS_PROCESS: 'false'
}

describe('planning across two domains, with agents that declare facts (draft 2.4)', function () {
  this.timeout(60_000)
  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  const agents = new Map<string, Agent>()

  async function add(domain: TestDomain, name: string, skill: Skill, languages = ['en']): Promise<void> {
    const home = await net.enrol(domain, name, ['agent'])
    const agent = createAgent({ home, name, description: `the agent ${name}`, skills: [skill], languages }, ({ home: dir, agent: own }) =>
      createNode({ home: dir, env: ENV, ...(own === undefined ? {} : { agent: own }) })
    ).onMessage(() => 'done')
    agents.set(name, agent)
    await agent.start({ signal: AbortSignal.timeout(20_000) })
  }

  before(async () => {
    net = await createTestnet({ env: { HANSA_LIMITS_DISCOVERY: '100000/min' } })
    north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    south = await net.domain('south.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    await net.interconnect(north.founder, south.founder)
    await add(north, 'flight', { id: 'travel/flight-booking', inputs: ['destination'], outputs: ['flight-confirmation'] })
    await add(south, 'visa', { id: 'Stamp', tags: ['travel/visa'], inputs: ['flight-confirmation', 'passport'], outputs: ['visa'] }, ['no'])
    await add(south, 'hotel', { id: 'travel/hotel-booking', inputs: ['destination'], outputs: ['hotel-confirmation'] })
    for (const fact of ['flight-confirmation', 'visa', 'hotel-confirmation'])
      await until(`the north finds who puts out ${fact}`, async () => (await north.founder.swarm.find({ outputs: [fact] })).agents.length === 1, 20_000)
  })
  after(async () => {
    await Promise.all([...agents.values()].map((agent) => agent.stop()))
    await net.stop()
  })

  const plan = (goal: Record<string, string | number | string[] | Record<string, string>>) =>
    createPlanner({ find: north.founder.swarm.find }).plan({ goal }, AbortSignal.timeout(20_000))

  it('has the facts in the records of both domains', async () => {
    const { record, source } = await north.founder.swarm.resolve('visa@south.example')
    assert.ok(record.extensions.includes('urn:hansa:facts'), source)
    assert.deepEqual(
      record.skills.map(({ id, capabilities, inputs, outputs }) => ({ id, capabilities, inputs, outputs })),
      [{ id: 'Stamp', capabilities: ['travel/visa'], inputs: ['flight-confirmation', 'passport'], outputs: ['visa'] }]
    )
  })

  it('finds the way from what is given to what is wanted over agents of both', async () => {
    const graph = await plan({ want: ['visa', 'hotel-confirmation'], given: { destination: 'Oslo', passport: 'P1' } })
    const steps = graph.steps.map(({ id, agent, inputs }) => [id, agent?.capability, inputs.map(({ from }) => from).join(' ')])
    assert.deepEqual(steps.sort(), [
      ['flight-booking', 'travel/flight-booking', 'given.destination'],
      ['hotel-booking', 'travel/hotel-booking', 'given.destination'],
      ['visa', 'travel/visa', 'steps.flight-booking.data.flight-confirmation given.passport']
    ])
    assert.match(
      graph.explanation.join('\n'),
      /travel\/visa \(visa@south\.example\) puts out visa from flight-confirmation \(flight-booking\), passport \(given\)/
    )
  })

  it('names the input that is missing, and what wants it', async () => {
    await assert.rejects(plan({ want: ['visa'], given: { destination: 'Oslo' } }), {
      code: 'NO_PLAN',
      message: 'no plan for visa: passport is not given, and no agent puts it out (travel/visa of visa@south.example needs it)',
      metadata: { missing: 'passport', complete: 'true' }
    })
  })

  it('holds agents to the constraints, and says which of them is in the way', async () => {
    await assert.rejects(plan({ want: ['hotel-confirmation'], given: { destination: 'Oslo' }, domains: ['north.example'] }), {
      code: 'NO_PLAN',
      message: /hotel@south\.example puts it out, but the goal's domains leave it out/
    })
    await assert.rejects(plan({ want: ['visa'], given: { destination: 'Oslo', passport: 'P1' }, languages: ['en'] }), {
      message: /the goal's languages leave it out/
    })
  })

  it('plans no more with an agent that has gone', async () => {
    await agents.get('visa')?.deregister()
    await until('the north does not find it', async () => (await north.founder.swarm.find({ outputs: ['visa'] })).agents.length === 0, 20_000)
    await assert.rejects(plan({ want: ['visa'], given: { destination: 'Oslo', passport: 'P1' } }), {
      code: 'NO_PLAN',
      metadata: { missing: 'visa', complete: 'true' }
    })
  })
})
