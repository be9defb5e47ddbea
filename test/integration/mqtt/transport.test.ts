import assert from 'node:assert/strict'
import { create, type Message } from '@bufbuild/protobuf'
import { createMqttTransport } from '../../../src/adapters/mqtt/agent-transport.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { AgentFace } from '../../../src/ports/agent-client.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import {
  CancelTaskRequestSchema,
  Role,
  type SendMessageResponse,
  SendMessageRequestSchema,
  type StreamResponse,
  type Task
} from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../src/wire/operations.ts'
import { until } from '../../support/until.ts'
import { MqttWorld } from './mqtt-world.ts'
import { ProfileAgent } from './profile-agent.ts'

const FAST = { firstReplyMs: 150, idleMs: 150, backOffMs: 20, knockMs: 300 }

describe('MQTT transport', () => {
  const world = new MqttWorld()
  let agent: ProfileAgent
  let transport: ReturnType<typeof createMqttTransport>

  before(() => world.start())
  after(() => world.stop())

  beforeEach(async () => {
    agent = await ProfileAgent.start(world.port, 'north.example/local/echo')
    transport = createMqttTransport({ clock: systemClock }, FAST)
  })

  afterEach(async () => {
    await transport.close()
    await agent.stop()
  })

  function face(path = '/north.example/local/echo', tenant = ''): AgentFace {
    return { url: new URL(`mqtt://127.0.0.1:${world.port}${path}`), binding: 'MQTTv5+JSONRPCv2', version: '1.0', tenant }
  }

  function ask(text = 'hi') {
    return create(SendMessageRequestSchema, { message: { messageId: 'm1', role: Role.USER, parts: [{ content: { case: 'text', value: text } }] } })
  }

  function options(signal: AbortSignal = new AbortController().signal) {
    return { signal, extensions: ['urn:x:one'], principal: 'spiffe://south.example/agent/ada' }
  }

  async function all(stream: AsyncIterable<Message>): Promise<Message[]> {
    const out: Message[] = []
    for await (const one of stream) out.push(one)
    return out
  }

  const status = (taskId: unknown, state: string) => ({ result: { statusUpdate: { taskId, contextId: '', status: { state } } } })
  const taskIdOf = (params: Readonly<Record<string, unknown>>) => (params['message'] as { taskId: string }).taskId

  it('speaks to interfaces of the profile, and to no others', () => {
    assert.ok(transport.speaks(face()))
    assert.ok(transport.speaks({ ...face(), binding: 'https://example.org/bindings/mqtt/v1' }))
    assert.ok(!transport.speaks({ ...face(), binding: 'JSONRPC' }))
    assert.ok(!transport.speaks({ ...face(), url: new URL('http://127.0.0.1/') }))
  })

  it('makes the ID of a new task, which is the agent’s too, and makes one task of events that answer a plain SendMessage', async () => {
    agent.answer = ({ params }, reply) => {
      const id = taskIdOf(params)
      reply(status(id, 'TASK_STATE_SUBMITTED'))
      reply({ result: { artifactUpdate: { taskId: id, artifact: { artifactId: 'a', parts: [{ text: 'done' }] } } } })
      reply(status(id, 'TASK_STATE_COMPLETED'))
    }
    const [response] = (await all(transport.invoke(face(), operations.SendMessage, ask(), options()))) as SendMessageResponse[]
    const task = response?.payload.value as Task
    assert.equal(task.id, taskIdOf(agent.asked[0]?.params ?? {}))
    assert.match(task.id, /^[0-9a-f-]{36}$/)
    assert.equal(task.artifacts[0]?.parts[0]?.content.value, 'done')
    const properties = agent.asked[0]?.packet.properties
    assert.match(properties?.responseTopic ?? '', /^\$a2a\/v1\/reply\/north\.example\/local\/echo\/[0-9a-f-]{36}$/)
    assert.equal(properties?.userProperties?.['a2a-extensions'], 'urn:x:one')
    assert.equal(properties?.userProperties?.['a2a-hansa-principal'], 'spiffe://south.example/agent/ada')
  })

  it('streams, and ends at the terminal status', async () => {
    agent.answer = ({ params }, reply) => {
      for (const state of ['SUBMITTED', 'WORKING', 'WORKING', 'INPUT_REQUIRED']) reply(status(taskIdOf(params), `TASK_STATE_${state}`))
    }
    const events = (await all(transport.invoke(face(), operations.SendStreamingMessage, ask(), options()))) as StreamResponse[]
    assert.equal(events.length, 4)
  })

  it('tells the profile’s errors from A2A’s that have the same code', async () => {
    const errors: [object, string][] = [
      [{ code: -32003, message: 'late', data: { a2a_error: 'request_expired' } }, 'DEADLINE_EXCEEDED'],
      [{ code: -32004, message: 'gone', data: { a2a_error: 'responder_unavailable' } }, 'AGENT_UNREACHABLE'],
      [{ code: -32004, message: 'no', data: [] }, 'UNSUPPORTED_OPERATION'],
      [{ code: -32002, message: 'over' }, 'TASK_NOT_CANCELABLE']
    ]
    for (const [error, code] of errors) {
      agent.answer = (_, reply) => reply({ error })
      await assert.rejects(
        all(transport.invoke(face(), operations.CancelTask, create(CancelTaskRequestSchema, { id: 't' }), options())),
        (thrown: HansaError) => thrown.code === code
      )
    }
    agent.answer = (_, reply) => reply('not JSON')
    await assert.rejects(
      all(transport.invoke(face(), operations.SendMessage, ask(), options())),
      (thrown: HansaError) => thrown.code === 'INVALID_AGENT_RESPONSE'
    )
  })

  it('tries again while nothing has come: the same task, new Correlation Data; then gives up', async () => {
    agent.answer = ({ params }, reply) => {
      if (agent.asked.length === 3) reply({ result: { message: { messageId: 'r', role: 'ROLE_AGENT', parts: [{ text: taskIdOf(params) }] } } })
    }
    await all(transport.invoke(face(), operations.SendMessage, ask(), options()))
    assert.equal(new Set(agent.asked.map(({ params }) => taskIdOf(params))).size, 1)
    assert.equal(new Set(agent.asked.map(({ id }) => id)).size, 1)
    assert.equal(new Set(agent.asked.map(({ packet }) => packet.properties?.correlationData?.toString())).size, 3)
    agent.answer = () => undefined
    await assert.rejects(all(transport.invoke(face(), operations.SendMessage, ask(), options())), (thrown: HansaError) => thrown.code === 'AGENT_UNREACHABLE')
    assert.equal(agent.asked.length, 6)
  })

  it('asks for the task when a stream falls silent', async () => {
    agent.answer = ({ method, params }, reply) => {
      if (method === 'GetTask') reply({ result: { id: params['id'], status: { state: 'TASK_STATE_COMPLETED' } } })
      else reply(status(taskIdOf(params), 'TASK_STATE_WORKING'))
    }
    const events = (await all(transport.invoke(face(), operations.SendStreamingMessage, ask(), options()))) as StreamResponse[]
    assert.deepEqual(
      events.map(({ payload }) => payload.case),
      ['statusUpdate', 'task']
    )
    assert.deepEqual(
      agent.asked.map(({ method }) => method),
      ['SendStreamingMessage', 'GetTask']
    )
  })

  it('lets go of a call whose caller has gone, at once, and tells the agent nothing', async () => {
    agent.answer = ({ params }, reply) => reply(status(taskIdOf(params), 'TASK_STATE_WORKING'))
    const caller = new AbortController()
    const stream = transport.invoke(face(), operations.SendStreamingMessage, ask(), options(caller.signal))[Symbol.asyncIterator]()
    await stream.next()
    caller.abort(new HansaError('CANCELED', 'gone'))
    await assert.rejects(stream.next(), (thrown: HansaError) => thrown.code === 'CANCELED')
    assert.equal(agent.asked.length, 1)
  })

  it('knocks: an error is an answer, silence is none', async () => {
    agent.answer = (_, reply) => reply({ error: { code: -32001, message: 'no such task' } })
    await transport.knock(face(), new AbortController().signal)
    agent.answer = () => undefined
    await assert.rejects(transport.knock(face(), new AbortController().signal), (thrown: HansaError) => thrown.code === 'AGENT_UNREACHABLE')
    const nowhere = { ...face(), url: new URL('mqtt://127.0.0.1:1/a/b/c') }
    await assert.rejects(transport.knock(nowhere, new AbortController().signal), (thrown: HansaError) => thrown.code === 'AGENT_UNREACHABLE')
  })

  it('wants to be told where the agent is: in the path, or in the tenant', async () => {
    agent.answer = (_, reply) => reply({ result: { message: { messageId: 'r', role: 'ROLE_AGENT', parts: [{ text: 'x' }] } } })
    assert.equal((await all(transport.invoke(face('', 'north.example/local/echo'), operations.SendMessage, ask(), options()))).length, 1)
    for (const path of ['', '/a/b', '/a/b/c/d', '/a/%2B/c'])
      await assert.rejects(
        all(transport.invoke(face(path), operations.SendMessage, ask(), options())),
        (thrown: HansaError) => thrown.code === 'INVALID_AGENT_RESPONSE'
      )
  })

  it('calls agents through the door of a gateway as well', async () => {
    const [response] = (await all(
      transport.invoke(face('/north.example/agent/flight'), operations.SendMessage, ask('over'), options())
    )) as SendMessageResponse[]
    assert.equal(response?.payload.case, 'message')
    await until('the call is over', () => world.door.open === 0)
  })
})
