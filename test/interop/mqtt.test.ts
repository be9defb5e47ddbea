import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { create, type Message } from '@bufbuild/protobuf'
import mqtt, { type MqttClient } from 'mqtt'
import { createMqttTransport } from '../../src/adapters/mqtt/agent-transport.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { type HansaError } from '../../src/schema/errors.ts'
import { Role, SendMessageRequestSchema, StreamResponseSchema, TaskState } from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../src/wire/operations.ts'
import { FLIGHT, MqttWorld, Requester, send } from '../integration/mqtt/mqtt-world.ts'
import { ProfileAgent } from '../integration/mqtt/profile-agent.ts'
import { until } from '../support/until.ts'
import { isInstalled, run, startMosquitto } from './mosquitto.ts'

describe('mosquitto_pub and mosquitto_sub at the embedded broker', () => {
  const world = new MqttWorld()
  before(async function () {
    if (!isInstalled('mosquitto_pub') || !isInstalled('mosquitto_sub')) {
      console.log('      skipped: mosquitto-clients is not installed')
      this.skip()
    }
    await world.start()
  })
  after(() => world.stop())

  it('ask, and get their answer', async () => {
    const reply = `$a2a/v1/reply/north.example/people/cli/${randomUUID()}`
    const at = ['-h', '127.0.0.1', '-p', String(world.port), '-V', 'mqttv5', '-q', '1']
    const heard = run('mosquitto_sub', [...at, '-t', reply, '-C', '1', '-W', '10', '-F', '%D %p'])
    await until('the subscription', () => world.sockets.size === 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await run(
      'mosquitto_pub',
      [...at, '-t', FLIGHT, '-D', 'publish', 'response-topic', reply, '-D', 'publish', 'correlation-data', 'k9', '-s'],
      JSON.stringify(send('from a shell'))
    )
    const answer = await heard
    assert.match(answer, /^k9 \{.*you said from a shell/)
  })

  it('see the cards', async () => {
    const args = ['-h', '127.0.0.1', '-p', String(world.port), '-V', 'mqttv5', '-t', '$a2a/v1/discovery/#', '-C', '1', '-W', '10']
    assert.equal((JSON.parse(await run('mosquitto_sub', args)) as { name: string }).name, 'Flight')
  })
})

describe('a mosquitto as the domain’s broker', () => {
  let broker: Awaited<ReturnType<typeof startMosquitto>>
  let world: MqttWorld
  let client: MqttClient

  before(async function () {
    if (!isInstalled('mosquitto')) {
      console.log('      skipped: mosquitto is not installed')
      this.skip()
    }
    broker = await startMosquitto()
    world = new MqttWorld(new URL(`mqtt://127.0.0.1:${broker.port}`))
    await world.start()
    client = await connect()
    await until('the gateway is there', () => world.log.entries.some(({ message }) => message.includes('connected')))
    await new Promise((resolve) => setTimeout(resolve, 100))
  })

  after(async () => {
    await client?.endAsync(true)
    await world?.stop()
    await broker?.stop()
  })

  async function connect(): Promise<MqttClient> {
    const made = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 5, reconnectPeriod: 0 })
    made.on('error', () => undefined)
    return made
  }

  it('carries unary calls and streams', async () => {
    const ada = await new Requester(client).open()
    await ada.ask(send('hello'))
    await ada.ask(send('count', { method: 'SendStreamingMessage' }))
    assert.equal((await ada.until(4)).length, 4)
  })

  it('ends the call of a requester that went away, when the broker says so', async () => {
    let aborted = false
    world.fake.answer = async function* ({ signal }) {
      signal.addEventListener('abort', () => (aborted = true))
      for (;;) {
        if (signal.aborted) return
        await new Promise((resolve) => setTimeout(resolve, 20))
        yield create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 't', status: { state: TaskState.WORKING } } } })
      }
    }
    const other = await connect()
    const eve = await new Requester(other).open()
    await eve.ask(send('wait', { method: 'SendStreamingMessage' }))
    await eve.until(1)
    await other.endAsync(true)
    await until('aborted', () => aborted && world.door.open === 0, 1_000)
  })

  it('answers nowhere but at reply topics', async () => {
    const calls = world.fake.calls.length
    await client.publishAsync(FLIGHT, JSON.stringify(send('x')), { qos: 1, properties: { responseTopic: FLIGHT, correlationData: Buffer.from('x') } })
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(world.fake.calls.length, calls)
  })

  it('shows the cards there, and again after the broker was restarted', async () => {
    await broker.restart()
    const bob = await connect()
    const cards: string[] = []
    bob.on('message', (topic) => cards.push(topic))
    await bob.subscribeAsync('$a2a/v1/discovery/#', { qos: 1 })
    await until('the card', () => cards.includes('$a2a/v1/discovery/north.example/agent/flight'), 10_000)
    await bob.endAsync(true)
  }).timeout(20_000)

  it('carries calls out, and says at once when nobody is there', async () => {
    const agent = await ProfileAgent.start(broker.port, 'acme/line_1/robot')
    agent.answer = (_, reply) => reply({ result: { message: { messageId: 'r', role: 'ROLE_AGENT', parts: [{ text: 'yes' }] } } })
    const transport = createMqttTransport({ clock: systemClock })
    const face = { url: new URL(`mqtt://127.0.0.1:${broker.port}/acme/line_1/robot`), binding: 'MQTTv5+JSONRPCv2', version: '1.0', tenant: '' }
    const request = create(SendMessageRequestSchema, { message: { messageId: 'm', role: Role.USER, parts: [{ content: { case: 'text', value: 'x' } }] } })
    const options = { signal: new AbortController().signal, extensions: [], principal: 'spiffe://a.example/agent/b' }
    const answers: Message[] = []
    for await (const one of transport.invoke(face, operations.SendMessage, request, options)) answers.push(one)
    assert.equal(answers.length, 1)
    await agent.stop()
    const began = performance.now()
    await assert.rejects(transport.knock(face, options.signal), (thrown: HansaError) => thrown.code === 'AGENT_UNREACHABLE')
    // Well below the 15 s that a first reply may take.
    assert.ok(performance.now() - began < 10_000)
    await transport.close()
  })
})
