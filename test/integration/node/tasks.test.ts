import assert from 'node:assert/strict'
import { taskOperations } from '../../../src/admin/node/tasks.ts'
import { taskView } from '../../../src/admin/task-types.ts'
import { type Agent, createAgent } from '../../../src/node/create-agent.ts'
import { createNode } from '../../../src/node/create-node.ts'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { type Swarm, swarmOf } from '../../../src/node/join-swarm.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { WorkState } from '../../../src/schema/generated/hansa/v1/task_pb.ts'
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
    swarm = swarmOf(desk, () => desk.stop())
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

  it("the operator's view of it: plan, run, watch, show, list", async () => {
    const admin = taskOperations(desk)
    const { signal } = new AbortController()
    const plan = await admin.taskPlan({ goal: trip }, signal)
    assert.deepEqual(
      [plan.planner, plan.steps.map(({ id, agent, after }) => [id, agent, after])],
      [
        'workflow',
        [
          ['fly', 'travel/flight-booking', []],
          ['sleep', 'travel/hotel-booking', ['fly']]
        ]
      ]
    )
    assert.match(plan.mermaid, /^flowchart TD/)
    await admin.taskRun({ source: JSON.stringify(trip), file: 'trip.json', id: 'trip-2' }, signal)
    const states: string[] = []
    for await (const view of admin.taskWatch({ id: 'trip-2' }, signal)) states.push(taskView.parse(view).state)
    assert.equal(states.at(-1), 'completed')
    const shown = await admin.taskShow({ id: 'trip-2' }, signal)
    assert.deepEqual([shown.results['ticket'], shown.counts, shown.steps[0]?.attempts[0]?.agent], ['F1', { completed: 2 }, 'flight@north.example'])
    assert.deepEqual(
      (await admin.taskList({ state: 'completed' }, signal)).tasks.map(({ id }) => id),
      ['trip-2', 'trip-1']
    )
    await assert.rejects(admin.taskAnswer({ id: 'trip-2', step: 'fly', text: 'x' }, signal), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(admin.taskFile({ sha256: 'a'.repeat(64) }, signal), { code: 'NOT_FOUND' })
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

  it('a cancel reaches agents that tell pieces, and those that only wait', async () => {
    const stopped: string[] = []
    let begun = 0
    await net.agent(south, 'slow', {
      capabilities: ['slow/pieces'],
      handler: async function* (_, { signal }) {
        begun++
        yield 'begun'
        stopped.push(await gone(signal))
      }
    })
    await net.agent(north, 'silent', {
      capabilities: ['slow/silent'],
      handler: async (_, { signal }) => {
        begun++
        stopped.push(await gone(signal))
        return 'too late'
      }
    })
    await until('both are found', async () => (await desk.swarm.find({ capabilities: ['slow'] })).agents.length === 2, PATIENCE_MS)
    const task = swarm.task({ name: 'slow', steps: { wait: { capability: 'slow/pieces' }, think: { capability: 'slow/silent' } } })
    const id = await task.id
    await until('both agents are at work', () => begun === 2, PATIENCE_MS)
    await task.cancel()
    await assert.rejects(async () => task, { code: 'CANCELED' })
    await until('both agents have stopped', () => stopped.length === 2, PATIENCE_MS)
    assert.deepEqual(
      desk.tasks.show(id).steps.map(({ state, error }) => [state, error?.code]),
      [
        [WorkState.CANCELED, undefined],
        [WorkState.CANCELED, undefined]
      ]
    )
  }).timeout(PATIENCE_MS * 3)

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
