import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { type ErrorCode, ERRORS, HansaError } from '../../../../src/schema/errors.ts'
import { StreamResponseSchema, TaskState } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { openEnvelope, sealAnswer } from '../../../../src/wire/binding/mqtt-envelope.ts'
import { parseMqttError, renderMqttFailure } from '../../../../src/wire/binding/mqtt-error.ts'
import { requestFacts } from '../../../../src/wire/binding/mqtt-properties.ts'
import { collectReply, endsStream } from '../../../../src/wire/binding/mqtt-replies.ts'
import { matches, parseTopic, replyRoot, routedAgent } from '../../../../src/wire/binding/mqtt-topics.ts'

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

describe('A2A over MQTT, the pure parts', () => {
  it('reads topics of the profile and no others', () => {
    const topic = parseTopic('$a2a/v1/request/north.example/agent/flight')
    assert.ok(topic !== undefined)
    assert.deepEqual(routedAgent(topic), { domain: 'north.example', name: 'flight' })
    for (const bad of [
      '',
      '$a2a',
      'a2a/v1/request/a/b/c',
      '$a2a/v1/request/a/b/c/d',
      '$a2a/v1/request/+/b/c',
      '$a2a/v1/request/a//c',
      '$a2a/v2/request/a/b/c',
      'x'.repeat(2000)
    ])
      assert.equal(parseTopic(bad), undefined, bad.slice(0, 40))
    for (const name of ['Flight', '..', 'a..b', '-a']) assert.equal(routedAgent({ org: 'north.example', unit: 'agent', agent: name }), undefined, name)
  })

  it('binds reply topics to their first level below the agent', () => {
    assert.equal(replyRoot('$a2a/v1/reply/o/u/a/s/x/#'), '$a2a/v1/reply/o/u/a/s')
    for (const bad of ['$a2a/v1/reply/o/u/a', '$a2a/v1/reply/o/u/a/#', '$a2a/v1/reply/o/u/+/s', '$a2a/v1/reply/+/u/a/s', '#'])
      assert.equal(replyRoot(bad), undefined, bad)
  })

  it('matches filters as MQTT does', () => {
    for (const [filter, topic, is] of [
      ['a/#', 'a', true],
      ['a/#', 'a/b/c', true],
      ['a/+', 'a/b', true],
      ['a/+', 'a/b/c', false],
      ['a/b', 'a/b', true],
      ['a/b', 'a', false]
    ] as const)
      assert.equal(matches(filter, topic), is, `${filter} ${topic}`)
  })

  it('reads user properties, bounded', () => {
    assert.deepEqual(requestFacts({}).extensions, [])
    assert.equal(requestFacts({ messageExpiryInterval: 4_000_000_000 }).timeoutMs, 3_600_000)
    assert.deepEqual(requestFacts({ userProperties: { 'a2a-extensions': ['urn:a', 'urn:b'], 'a2a-version': '1.0.0' } }).extensions, ['urn:a'])
    assert.throws(
      () => requestFacts({ userProperties: { 'a2a-version': '0.3' } }),
      (thrown: HansaError) => thrown.code === 'VERSION_NOT_SUPPORTED'
    )
    assert.throws(
      () => requestFacts({ userProperties: { 'a2a-extensions': 'x,'.repeat(40) } }),
      (thrown: HansaError) => thrown.code === 'INVALID_ARGUMENT'
    )
    assert.equal(requestFacts({ userProperties: { traceparent: 'nonsense', tracestate: 'a=b' } }).tracestate, undefined)
  })

  it('renders every error, and reads its own words back', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { error } = JSON.parse(renderMqttFailure(1, new HansaError(code, 'm'))) as { error: { data: unknown } }
      const back = parseMqttError(error)
      if (!Array.isArray(error.data)) assert.ok(['DEADLINE_EXCEEDED', 'AGENT_UNREACHABLE'].includes(back.code), code)
    }
    for (const hostile of [null, 7, 'x', {}, { code: 'x' }]) assert.equal(parseMqttError(hostile).code, 'INVALID_AGENT_RESPONSE')
    assert.equal(parseMqttError({ code: -32004, data: { a2a_error: 'constructor' } }).code, 'UNSUPPORTED_OPERATION')
  })

  it('takes the envelope out of a request of MQTT 3.1.1', () => {
    const opened = openEnvelope(
      bytes({ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 't', metadata: { 'urn:hansa:mqtt': { replyTo: 'r', correlation: 'c' } } } })
    )
    assert.deepEqual(JSON.parse(new TextDecoder().decode(opened?.body)), { jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 't' } })
    assert.deepEqual(JSON.parse(sealAnswer('{"id":1}', 'c"')), { id: 1, 'urn:hansa:mqtt': { correlation: 'c"' } })
    for (const none of [1, null, [], {}, { params: { metadata: { 'urn:hansa:mqtt': { replyTo: 1 } } } }]) assert.equal(openEnvelope(bytes(none)), undefined)
    assert.equal(openEnvelope(new TextEncoder().encode('['.repeat(100_000))), undefined)
  })

  it('makes a task of events, chunks joined', () => {
    const collector = collectReply()
    const artifact = (text: string, append: boolean) =>
      create(StreamResponseSchema, {
        payload: { case: 'artifactUpdate', value: { taskId: 't', append, artifact: { artifactId: 'a', parts: [{ content: { case: 'text', value: text } }] } } }
      })
    assert.equal(collector.add(artifact('one', false)), undefined)
    assert.equal(collector.add(artifact('two', true)), undefined)
    const end = create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 't', status: { state: TaskState.REJECTED } } } })
    assert.ok(endsStream(end))
    const whole = collector.add(end) as unknown as { payload: { value: { artifacts: { parts: unknown[] }[] } } }
    assert.equal(whole.payload.value.artifacts[0]?.parts.length, 2)
  })
})
