import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { create, type Message } from '@bufbuild/protobuf'
import { HansaError } from '../../../src/schema/errors.ts'
import { SendMessageResponseSchema, StreamResponseSchema, TaskSchema, TaskState } from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { until } from '../../support/until.ts'
import { FLIGHT, MqttWorld, Requester, SELF, send } from './mqtt-world.ts'

type Call = Parameters<MqttWorld['fake']['answer']>[0]

describe('MQTT door, embedded broker', () => {
  let world: MqttWorld

  beforeEach(async () => {
    world = new MqttWorld('embedded', { maxPacket: 1024 * 1024 })
    await world.start()
  })

  afterEach(() => world.stop())

  async function requester(): Promise<Requester> {
    return await new Requester(await world.client()).open()
  }

  it('answers a unary call at its Response Topic with its Correlation Data', async () => {
    const ada = await requester()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const userProperties = {
      'a2a-extensions': 'urn:x:one, urn:x:two',
      traceparent,
      'a2a-context-id': 'c7',
      'accept-language': 'zh;q=1, en',
      'content-language': 'en'
    }
    await ada.ask(send('hello', { id: 'q1' }), { correlation: 'corr', properties: { userProperties, messageExpiryInterval: 7 } })
    const [reply] = await ada.until(1)
    assert.deepEqual(reply?.json, {
      jsonrpc: '2.0',
      id: 'q1',
      result: { message: { messageId: 'r1', role: 'ROLE_AGENT', parts: [{ text: 'you said hello' }] } }
    })
    assert.equal(reply?.packet.properties?.correlationData?.toString(), 'corr')
    assert.equal(reply?.packet.properties?.contentType, 'application/json')
    assert.equal(reply?.packet.qos, 1)
    const [call] = world.fake.calls
    assert.equal(call?.target, 'flight@north.example')
    assert.deepEqual(call?.extensions, ['urn:x:one', 'urn:x:two'])
    assert.equal(call?.traceparent, traceparent)
    assert.equal(call?.timeoutMs, 7_000)
    assert.equal(call?.acceptLanguage, 'zh')
    assert.equal(call?.contentLanguage, 'en')
    assert.equal((call?.message as unknown as { message: { contextId: string } }).message.contextId, 'c7')
    assert.deepEqual(world.fake.admitted, ['call'])
    await until('the call is given back', () => world.fake.released === 1)
  })

  it('sends each event of a stream by itself and says where a stream without a last status ends', async () => {
    world.fake.answer = async function* () {
      await Promise.resolve()
      for (const taskId of ['one', 'two', 'three'])
        yield create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId, status: { state: TaskState.WORKING } } } })
    }
    const ada = await requester()
    await ada.ask(send('count', { method: 'SendStreamingMessage' }), { correlation: 'c' })
    const replies = await ada.until(4)
    assert.equal(replies.length, 4)
    assert.ok(replies.every(({ packet }) => packet.properties?.correlationData?.toString() === 'c'))
    assert.equal(replies[3]?.packet.payload.length, 0)
    assert.equal(replies[3]?.packet.properties?.userProperties?.['a2a-stream-end'], 'true')
  })

  it('gives errors as the profile has them: its own with a word, A2A’s with ErrorInfo', async () => {
    const ada = await requester()
    const errors: [string, number, string | undefined][] = [
      ['DEADLINE_EXCEEDED', -32003, 'request_expired'],
      ['AGENT_UNREACHABLE', -32004, 'responder_unavailable'],
      ['RATE_LIMITED', -32004, 'responder_unavailable'],
      ['PUSH_NOTIFICATION_NOT_SUPPORTED', -32003, undefined],
      ['NO_ROUTE', -32603, undefined]
    ]
    for (const [index, [code, jsonRpc, word]] of errors.entries()) {
      world.fake.answer = async function* () {
        await Promise.resolve()
        throw new HansaError(code as 'NO_ROUTE', 'so it is')
      }
      await ada.ask(send('x'))
      const reply = (await ada.until(index + 1))[index]
      const error = reply?.json['error'] as { code: number; data: { a2a_error?: string } | { reason: string }[] }
      assert.equal(error.code, jsonRpc, code)
      assert.equal(Array.isArray(error.data) ? undefined : error.data.a2a_error, word)
      if (Array.isArray(error.data)) assert.equal(error.data[0]?.reason, code)
    }
  })

  it('refuses what is not A2A 1.0, and helps who speaks 0.3', async () => {
    const ada = await requester()
    await ada.ask('{"jsonrpc":')
    await ada.ask(send('x', { method: 'message/send' }))
    await ada.ask(send('x'), { properties: { userProperties: { 'a2a-version': '0.3' } } })
    await ada.ask(send('x'), { topic: '$a2a/v1/request/north.example/agent/..' }).catch(() => undefined)
    const replies = await ada.until(3)
    const errors = replies.map(({ json }) => json['error'] as { code: number; message: string })
    assert.deepEqual(errors.map(({ code }) => code).sort(), [-32009, -32601, -32700].sort())
    assert.match(errors.find(({ code }) => code === -32601)?.message ?? '', /message\/send is a method of A2A 0\.3.*SendMessage/)
    assert.equal(world.fake.calls.length, 0)
  })

  it('takes the ID that a requester made for its task as an alias, for that requester, to the end of the task', async () => {
    world.fake.answer = tasks
    const ada = await requester()
    const alias = randomUUID()
    await ada.ask(send('go', { message: { taskId: alias } }))
    const [first] = await ada.until(1)
    assert.equal((first?.json['result'] as { task: { id: string } }).task.id, alias)
    const sent = world.fake.calls.find(({ operation }) => operation.name === 'SendMessage')
    assert.equal((sent?.message as unknown as { message: { taskId: string } }).message.taskId, '')
    for (const [index, method] of ['GetTask', 'CancelTask'].entries()) {
      await ada.ask({ jsonrpc: '2.0', id: 2, method, params: { id: alias } })
      const reply = (await ada.until(index + 2))[index + 1]
      assert.equal((reply?.json['result'] as { id: string }).id, alias, method)
      assert.equal((world.fake.calls.at(-1)?.message as unknown as { id: string }).id, 'real-1')
    }
    world.who = 'spiffe://south.example/agent/eve'
    const eve = await requester()
    await eve.ask({ jsonrpc: '2.0', id: 2, method: 'GetTask', params: { id: alias } })
    assert.equal(((await eve.until(1))[0]?.json['error'] as { code: number }).code, -32001)
  })

  it('does not execute a retry or a duplicate twice', async () => {
    world.fake.answer = tasks
    const ada = await requester()
    const body = send('go', { message: { taskId: randomUUID() } })
    await ada.ask(body, { correlation: 'one' })
    await ada.until(1)
    await ada.ask(body, { correlation: 'two' })
    const replies = await ada.until(2)
    assert.equal(replies[1]?.packet.properties?.correlationData?.toString(), 'two')
    const plain = send('plain')
    await ada.ask(plain, { correlation: 'three' })
    await ada.ask(plain, { correlation: 'three' })
    await ada.until(4)
    assert.equal(world.fake.calls.filter(({ operation }) => operation.name === 'SendMessage').length, 2)
  })

  it('refuses an expired request', async () => {
    const ada = await requester()
    await ada.ask(send('x'), { properties: { messageExpiryInterval: 0 } })
    const error = (await ada.until(1))[0]?.json['error'] as { data: { a2a_error: string } }
    assert.equal(error.data.a2a_error, 'request_expired')
    assert.equal(world.fake.calls.length, 0)
  })

  it('ends the calls of a client that went away within a second, and keeps nothing of it', async () => {
    let aborted = 0
    world.fake.answer = async function* ({ signal }) {
      yield create(StreamResponseSchema, { payload: { case: 'task', value: { id: 't', status: { state: TaskState.WORKING } } } })
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted++
    }
    const clients = await Promise.all([1, 2, 3].map(() => requester()))
    for (const one of clients) for (let n = 0; n < 5; n++) await one.ask(send('wait', { method: 'SendStreamingMessage' }))
    await Promise.all(clients.map((one) => one.until(5)))
    assert.equal(world.door.open, 15)
    const began = performance.now()
    for (const { client } of clients) client.stream.destroy()
    await until('no open call', () => world.door.open === 0 && aborted === 15)
    assert.ok(performance.now() - began < 1_000)
    await until('no socket', () => world.sockets.size === 0)
    assert.equal(world.fake.released, 15)
  })

  it('lets nobody read the reply topic of somebody else, or requests, or everything', async () => {
    const ada = await requester()
    world.who = 'spiffe://south.example/agent/eve'
    const eve = await world.client()
    const filters = [ada.replyTopic, `${ada.replyTopic}/#`, '$a2a/v1/reply/#', '$a2a/v1/reply/+/+/+/+', '$a2a/#', '#', FLIGHT, '$a2a/v1/request/#', '$SYS/#']
    for (const filter of filters) await assert.rejects(eve.subscribeAsync(filter), filter)
    await assert.rejects(eve.subscribeAsync(`$share/g/${ada.replyTopic}`))
    // Nor may an answer be sent there, or to somebody else's topic.
    await assert.rejects(eve.publishAsync(ada.replyTopic, 'x', { qos: 1 }))
    await eve.publishAsync(FLIGHT, JSON.stringify(send('x')), { qos: 1, properties: { responseTopic: ada.replyTopic, correlationData: Buffer.from('x') } })
    await assert.rejects(eve.publishAsync('$a2a/v1/discovery/north.example/agent/flight', '{}', { qos: 1, retain: true }))
    await ada.ask(send('mine'))
    const replies = await ada.until(1)
    assert.equal(replies.length, 1)
    assert.equal(world.fake.calls.length, 1)
  })

  it('refuses a client that nobody knows, with the reason code of it', async () => {
    world.who = undefined
    await assert.rejects(world.client(), (error: { code?: number; message: string }) => error.code === 135 || /Not authorized/.test(error.message))
    await until('no socket', () => world.sockets.size === 0)
  })

  it('keeps two principals apart that call themselves the same', async () => {
    const ada = await new Requester(await world.client({ clientId: 'same' })).open()
    world.who = 'spiffe://south.example/agent/eve'
    await world.client({ clientId: 'same' })
    await ada.ask(send('still here'))
    await ada.until(1)
  })

  it('survives garbage, oversize and half a packet; others are not disturbed', async () => {
    const ada = await requester()
    const seed = 20261125
    let state = seed
    const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648)
    for (let n = 0; n < 200; n++) {
      const socket = connect(world.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(Buffer.from(Array.from({ length: 1 + (next() % 60) }, () => next() % 256)))
      setTimeout(() => socket.destroy(), 20)
    }
    const big = await world.client()
    const gone = new Promise<void>((resolve) => big.once('close', () => resolve()))
    big.publish(FLIGHT, Buffer.alloc(2 * 1024 * 1024), { qos: 0 })
    await gone
    await ada.ask(send('after all'))
    await ada.until(1)
    await until(`only one socket (seed ${seed})`, () => world.sockets.size === 1)
  })

  it('takes no large CONNECT from somebody who has not said who it is', async () => {
    const socket = connect(world.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    // A CONNECT that says to be 500 kB long, and comes.
    socket.write(Buffer.concat([Buffer.from([0x10, 0xa0, 0xc2, 0x1e]), Buffer.from('\0\x04MQTT\x05\x02\0\x3c'), Buffer.alloc(300_000)]))
    await gone
  })

  it('lets a flood wait: one client does not keep others from being answered', async () => {
    const [flood, ada] = [await requester(), await requester()]
    for (let n = 0; n < 20_000; n++) flood.client.publish(FLIGHT, 'x', { qos: 0 })
    const began = performance.now()
    await ada.ask(send('me too'))
    await ada.until(1)
    assert.ok(performance.now() - began < 2_500)
  })

  it('holds back a client that reads no answers', async () => {
    const big = 'x'.repeat(500_000)
    world.fake.answer = async function* () {
      await Promise.resolve()
      yield create(SendMessageResponseSchema, {
        payload: { case: 'message', value: { messageId: 'r', role: 2, parts: [{ content: { case: 'text', value: big } }] } }
      })
    }
    const ada = await requester()
    ada.client.stream.pause()
    for (let n = 0; n < 300; n++) void ada.ask(send('x'), { qos: 0 })
    await new Promise((resolve) => setTimeout(resolve, 500))
    const calls = world.fake.calls.length
    assert.ok(calls < 300, `${calls} calls were taken`)
    ada.client.stream.resume()
    await ada.until(300, 20_000)
  }).timeout(30_000)

  it('shows cards of the agents that are reachable, and clears what is gone', async () => {
    const bob = await world.client()
    const cards: { topic: string; payload: string }[] = []
    bob.on('message', (topic, payload) => cards.push({ topic, payload: payload.toString() }))
    await bob.subscribeAsync('$a2a/v1/discovery/north.example/#', { qos: 1 })
    await until('the card', () => cards.length > 0)
    assert.equal(cards[0]?.topic, '$a2a/v1/discovery/north.example/agent/flight')
    assert.equal((JSON.parse(cards[0]?.payload ?? '') as { name: string }).name, 'Flight')
    world.fake.reachable = () => []
    await until('cleared', () => cards.at(-1)?.payload === '')
  })

  it('answers MQTT 3.1.1 by the envelope', async () => {
    const old = await world.client({ protocolVersion: 4 })
    const answers: string[] = []
    old.on('message', (_topic, payload) => answers.push(payload.toString()))
    const replyTo = '$a2a/v1/reply/north.example/people/old/1'
    await old.subscribeAsync(replyTo, { qos: 1 })
    const body = send('hello', { params: { metadata: { 'urn:hansa:mqtt': { replyTo, correlation: 'k1' } } } })
    await old.publishAsync(FLIGHT, JSON.stringify(body), { qos: 1 })
    await until('the answer', () => answers.length > 0)
    const answer = JSON.parse(answers[0] ?? '') as { result: object; 'urn:hansa:mqtt': object }
    assert.deepEqual(answer['urn:hansa:mqtt'], { correlation: 'k1' })
    assert.ok('message' in answer.result)
  })

  it('carries requests to an agent at the broker itself, which only that agent and the gateway may read', async () => {
    const topic = '$a2a/v1/request/north.example/local/echo'
    world.who = 'spiffe://north.example/agent/other'
    await assert.rejects((await world.client()).subscribeAsync(topic))
    world.who = 'spiffe://north.example/agent/echo'
    const agent = await world.client()
    await agent.subscribeAsync(topic, { qos: 1 })
    agent.on('message', (_topic, payload, packet) => {
      agent.publish(packet.properties?.responseTopic ?? '', `got ${payload.toString()}`, {
        qos: 1,
        properties: { correlationData: packet.properties?.correlationData }
      })
    })
    world.who = SELF.spiffeId
    const node = await world.client()
    const heard: string[] = []
    node.on('message', (_topic, payload) => heard.push(payload.toString()))
    const replyTopic = '$a2a/v1/reply/north.example/local/echo/r1'
    await node.subscribeAsync(replyTopic, { qos: 1 })
    await node.publishAsync(topic, 'x', { qos: 1, properties: { responseTopic: replyTopic, correlationData: Buffer.from('1') } })
    await until('the answer', () => heard[0] === 'got x')
    assert.equal(world.fake.calls.length, 0)
  })
})

/** An agent that makes its task itself and knows no other. */
async function* tasks({ operation, message, principal }: Call): AsyncGenerator<Message, void, undefined> {
  await Promise.resolve()
  const task = { id: 'real-1', contextId: 'c1', status: { state: TaskState.COMPLETED } }
  if (operation.name === 'SendMessage') return yield create(SendMessageResponseSchema, { payload: { case: 'task', value: task } })
  const { id } = message as unknown as { id: string }
  if (id !== 'real-1' || principal.spiffeId !== SELF.spiffeId) throw new HansaError('TASK_NOT_FOUND', 'no such task')
  yield create(TaskSchema, task)
}
