import assert from 'node:assert/strict'
import { type Agent, createAgent } from '../../../src/node/create-agent.ts'
import { createNode } from '../../../src/node/create-node.ts'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { type Swarm, swarmOf } from '../../../src/node/join-swarm.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { until } from '../../support/until.ts'

const PATIENCE_MS = 20_000
const ENV = {
  HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSA_GATEWAY_LISTEN: '127.0.0.1:0',
  HANSA_GATEWAY_HEARTBEAT: '200ms',
  HANSA_LOG_LEVEL: 'silent',
  HANSA_METRICS_PROCESS: 'false'
}

/** Never resolves before the caller has gone. */
const gone = (signal: AbortSignal) => new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('stopped'), { once: true }))

describe('tasks on real nodes of two domains (draft 2.4)', () => {
  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  let desk: HansaNode
  let swarm: Swarm
  let flight: Agent
  const hotels: TestAgent[] = []
  const answered: string[] = []

  before(async function () {
    this.timeout(60_000)
    net = await createTestnet()
    north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    south = await net.domain('south.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    await net.interconnect(north.founder, south.founder)
    desk = await net.join(north, { name: 'desk', roles: ['agent'] })
    swarm = swarmOf(desk.swarm, () => desk.stop(), desk)
    flight = createAgent(
      { home: await net.enrol(north, 'flight', ['agent']), name: 'Flight', description: 'Books flights', skills: [{ id: 'travel/flight-booking' }] },
      (options) => createNode({ ...options, env: ENV })
    ).onMessage(async function (message) {
      const [, part] = message.parts
      const data = part?.content.case === 'data' ? JSON.stringify(part.content.value) : ''
      answered.push('flight')
      return {
        parts: [
          { content: { case: 'text', value: data.includes('Oslo') ? 'flown' : 'lost' } },
          {
            content: {
              case: 'data',
              value: { kind: { case: 'structValue', value: { fields: { 'flight-confirmation': { kind: { case: 'stringValue', value: 'F1' } } } } } }
            }
          }
        ]
      }
    })
    await flight.start({ signal: AbortSignal.timeout(PATIENCE_MS) })
    for (const [domain, name] of [
      [south, 'hotel-one'],
      [south, 'hotel-two']
    ] as const)
      hotels.push(
        await net.agent(domain, name, {
          capabilities: ['travel/hotel-booking'],
          handler: async function* (_, { text }) {
            yield { progress: 'looking for a room' }
            answered.push(name)
            yield `${name}: ${text}`
          }
        })
      )
    await until('all are found', async () => (await desk.swarm.find({ capabilities: ['travel'] })).agents.length === 3, PATIENCE_MS)
  })
  after(async function () {
    this.timeout(30_000)
    await flight?.stop()
    await net?.stop()
  })

  const trip = {
    name: 'trip',
    given: { destination: 'Oslo' },
    steps: {
      fly: { capability: 'travel/flight-booking', inputs: { destination: 'given.destination' }, outputs: ['flight-confirmation'] },
      sleep: { capability: 'travel/hotel-booking', text: 'a room for {ticket}', inputs: { ticket: 'steps.fly.data.flight-confirmation' } }
    },
    results: { ticket: 'steps.fly.data.flight-confirmation', room: 'steps.sleep.text' }
  }

  it('two agents of two domains do it, one with what the other has put out', async () => {
    const { state, results, run } = await swarm.task(trip, { id: 'trip-1' })
    assert.equal(state, 'completed')
    assert.equal(results['ticket'], 'F1')
    assert.match(String(results['room']), /^hotel-(one|two): a room for F1$/)
    assert.equal(run.steps[0]?.output?.text, 'flown')
    assert.equal(answered.length, 2)
    // The same name again: nothing more is done.
    assert.equal((await swarm.task(trip, { id: 'trip-1' })).results['ticket'], 'F1')
    assert.equal(answered.length, 2)
  }).timeout(PATIENCE_MS)

  it('one goes offline, and another takes over', async () => {
    const [one] = hotels
    assert.ok(one !== undefined)
    await one.node.stop()
    const seen: string[] = []
    for (let round = 0; round < 3; round++) {
      const task = swarm.task({ ...trip, given: { destination: 'Oslo', round } })
      for await (const { state } of task) seen.push(state)
      assert.match(String((await task).results['room']), /^hotel-two: a room for F1$/)
    }
    assert.equal(seen.at(-1), 'completed')
  }).timeout(PATIENCE_MS * 2)

  it('a cancel reaches the agent', async () => {
    const stopped: string[] = []
    await net.agent(south, 'slow', {
      capabilities: ['slow'],
      handler: async function* (_, { signal }) {
        yield 'begun'
        stopped.push(await gone(signal))
      }
    })
    await until('it is found', async () => (await desk.swarm.find({ capabilities: ['slow'] })).agents.length === 1, PATIENCE_MS)
    const task = swarm.task({ name: 'slow', steps: { wait: { capability: 'slow' } } })
    const id = await task.id
    await until(
      'the agent has told its task',
      () => desk.tasks.show(id).steps[0]?.attempts[0]?.taskId !== '' && desk.tasks.show(id).steps[0]?.attempts.length === 1,
      PATIENCE_MS
    )
    await task.cancel()
    await assert.rejects(async () => task, { code: 'CANCELED' })
    await until('the agent has stopped', () => stopped.length === 1, PATIENCE_MS)
  }).timeout(PATIENCE_MS * 2)

  it('a node that starts again takes up what was on its way', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    let runs = 0
    await net.agent(south, 'patient', {
      capabilities: ['patient'],
      handler: async function* () {
        runs++
        yield 'begun, '
        await held
        yield 'done'
      }
    })
    await until('it is found', async () => (await desk.swarm.find({ capabilities: ['patient'] })).agents.length === 1, PATIENCE_MS)
    const id = await swarm.task({ name: 'patient', steps: { wait: { capability: 'patient' } } }, { id: 'patient-1' }).id
    await until('the agent has told its task', () => (desk.tasks.show(id).steps[0]?.attempts[0]?.taskId ?? '') !== '', PATIENCE_MS)
    desk = await net.restart(desk)
    release()
    await until('it has ended', () => desk.tasks.show(id).endedAt !== 0n, PATIENCE_MS)
    assert.equal(desk.tasks.show(id).steps[0]?.output?.text, 'begun, done')
    assert.equal(runs, 1)
  }).timeout(PATIENCE_MS * 2)
})
