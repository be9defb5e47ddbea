import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { AgentFinder } from '../../../../../src/roles/agent/tasks/agent-finder.ts'
import type { TaskSwarm } from '../../../../../src/roles/agent/tasks/attempt-deps.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { AgentCriteriaSchema } from '../../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { TaskWorld } from '../../../../support/task-world.ts'

describe('who may do a step (draft 3.2.3)', () => {
  const criteria = create(AgentCriteriaSchema, { capability: 'x' })
  let clock: FakeClock
  let world: TaskWorld
  let finder: AgentFinder
  let refuse: HansaError | undefined

  beforeEach(() => {
    clock = new FakeClock()
    world = new TaskWorld(clock)
    refuse = undefined
    const swarm: TaskSwarm = world.swarm()
    const find: TaskSwarm['find'] = async (request, options) => {
      if (refuse !== undefined) throw refuse
      return swarm.find(request, options)
    }
    finder = new AgentFinder({ ...swarm, find }, clock)
  })

  const names = async () => (await finder.find(criteria)).map(({ handle }) => handle)

  it('one answer serves many for a while; a doubt, and time, ask again', async () => {
    world.add({ handle: 'a@north.example', capability: 'x/y' })
    assert.deepEqual(await Promise.all([names(), names(), names()]), [['a@north.example'], ['a@north.example'], ['a@north.example']])
    assert.equal(world.finds, 1)
    world.add({ handle: 'b@north.example', capability: 'x' })
    finder.doubt(criteria)
    assert.equal((await names()).length, 1)
    await clock.advance(2_000)
    finder.doubt(criteria)
    assert.equal((await names()).length, 2)
    await clock.advance(10_000)
    await names()
    assert.equal(world.finds, 3)
  })

  it('that nobody is there is not remembered', async () => {
    assert.deepEqual(await names(), [])
    world.add({ handle: 'a@north.example', capability: 'x' })
    assert.deepEqual(await names(), ['a@north.example'])
  })

  it('an older answer is used while the directory wants to be left alone; any other refusal is told', async () => {
    world.add({ handle: 'a@north.example', capability: 'x' })
    await names()
    await clock.advance(20_000)
    refuse = new HansaError('RATE_LIMITED', 'too many questions', { retryAfterMs: 1_000 })
    assert.deepEqual(await names(), ['a@north.example'])
    await clock.advance(200_000)
    await assert.rejects(names(), { code: 'RATE_LIMITED' })
    refuse = new HansaError('PEER_UNREACHABLE', 'no gateway')
    await assert.rejects(names(), { code: 'PEER_UNREACHABLE' })
  })

  it('one by its name, also when it is offline; and what is known of one that nobody knows', async () => {
    world.add({ handle: 'a@north.example', capability: 'x', online: false, streaming: false })
    const [one] = await finder.find(create(AgentCriteriaSchema, { agent: 'a@north.example' }))
    assert.deepEqual([one?.handle, one?.online, one?.idempotent], ['a@north.example', false, true])
    assert.deepEqual(await finder.traits('b@north.example'), { handle: 'b@north.example', spiffeId: '', streaming: false, languages: [] })
    assert.equal(finder.known('a@north.example')?.spiffeId, 'spiffe://north.example/agent/a')
  })
})
