import assert from 'node:assert/strict'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { GRPC_BINDINGS } from '../../../../../src/wire/binding/a2a-grpc.ts'
import { requestFromJson, requestToJson, responseFromJson, responseToJson } from '../../../../../src/wire/binding/a2a-json.ts'
import { cardFrom03, cardTo03 } from '../../../../../src/wire/binding/v03/card.ts'
import { responseFrom03Proto, responseTo03Proto, sendFrom03Proto, sendTo03Proto } from '../../../../../src/wire/binding/v03/proto-messages.ts'
import { requestFrom03, requestTo03, responseFrom03, responseTo03 } from '../../../../../src/wire/binding/v03/rpc-messages.ts'
import { type A2aOperationName, operations } from '../../../../../src/wire/operations.ts'

// What 0.3 can say, and 1.0 can say too: empty text and empty lists are the same as none.
const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const words = fc.array(text, { minLength: 1, maxLength: 3 })
const key = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
const { value: anything } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true })
  )
}))
const object = fc.dictionary(key, anything, { maxKeys: 3, noNullPrototype: true })
const base64 = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const timestamp = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z'))
const record = <T extends Record<string, fc.Arbitrary<unknown>>>(required: T, optional: Record<string, fc.Arbitrary<unknown>> = {}) =>
  fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required), noNullPrototype: true }) as unknown as fc.Arbitrary<JsonObject>
const is = <T>(value: T) => fc.constant(value)

const grpc = GRPC_BINDINGS['0.3']

const LAST = ['completed', 'canceled', 'failed', 'rejected', 'input-required']
const STATES = [...LAST, 'submitted', 'working', 'auth-required', 'unknown']

const file = fc.oneof(record({ bytes: base64 }, { mimeType: text, name: text }), record({ uri: text }, { mimeType: text, name: text }))
const part = fc.oneof(
  record({ kind: is('text'), text: fc.string() }, { metadata: object }),
  record({ kind: is('file'), file }, { metadata: object }),
  record({ kind: is('data'), data: object }, { metadata: object })
)
const ids = { contextId: text }
const message = record(
  { kind: is('message'), messageId: text, role: fc.constantFrom('user', 'agent'), parts: fc.array(part, { minLength: 1, maxLength: 3 }) },
  { contextId: text, taskId: text, metadata: object, extensions: words, referenceTaskIds: words }
)
const status = record({ state: fc.constantFrom(...STATES) }, { message, timestamp })
const artifact = record({ artifactId: text, parts: fc.array(part, { maxLength: 3 }) }, { name: text, description: text, metadata: object, extensions: words })
const task = record(
  { kind: is('task'), id: text, ...ids, status },
  { artifacts: fc.array(artifact, { minLength: 1, maxLength: 2 }), history: fc.array(message, { minLength: 1, maxLength: 2 }), metadata: object }
)
const statusUpdate = record({ kind: is('status-update'), taskId: text, ...ids, status }, { metadata: object }).map((event) => ({
  ...event,
  final: LAST.includes(String((event['status'] as JsonObject)['state']))
}))
const artifactUpdate = record({ kind: is('artifact-update'), taskId: text, ...ids, artifact }, { metadata: object, append: is(true), lastChunk: is(true) })
const push = record({ url: text }, { id: text, token: text, authentication: record({ schemes: text.map((scheme) => [scheme]) }, { credentials: text }) })
const configuration = record({ blocking: fc.boolean() }, { acceptedOutputModes: words, historyLength: fc.nat(), pushNotificationConfig: push })
const send = record({ message }, { configuration, metadata: object })
const pushOfTask = record({ taskId: text, pushNotificationConfig: push })

const requests: readonly (readonly [A2aOperationName, fc.Arbitrary<JsonObject>])[] = [
  ['SendMessage', send],
  ['SendStreamingMessage', send],
  ['GetTask', record({ id: text }, { historyLength: fc.nat() })],
  ['CancelTask', record({ id: text }, { metadata: object })],
  ['SubscribeToTask', record({ id: text })],
  ['CreateTaskPushNotificationConfig', pushOfTask],
  ['GetTaskPushNotificationConfig', record({ id: text, pushNotificationConfigId: text })],
  ['ListTaskPushNotificationConfigs', record({ id: text })],
  ['DeleteTaskPushNotificationConfig', record({ id: text, pushNotificationConfigId: text })],
  ['GetExtendedAgentCard', is({})]
]
const responses: readonly (readonly [A2aOperationName, fc.Arbitrary<JsonValue>])[] = [
  ['SendMessage', fc.oneof(message, task)],
  ['SendStreamingMessage', fc.oneof(message, task, statusUpdate, artifactUpdate)],
  ['GetTask', task],
  ['CancelTask', task],
  ['CreateTaskPushNotificationConfig', pushOfTask],
  ['ListTaskPushNotificationConfigs', fc.array(pushOfTask, { maxLength: 3 })],
  ['DeleteTaskPushNotificationConfig', is(null)]
]

describe('A2A 0.3 as 1.0 and back', () => {
  for (const [name, params] of requests)
    it(`keeps what a request for ${name} says`, () => {
      fc.assert(
        fc.property(params, (said) => {
          const canonical = requestFromJson(operations[name], requestFrom03(name, said))
          assert.deepEqual(requestTo03(name, requestToJson(operations[name], canonical) as JsonObject), said)
        })
      )
    })

  for (const [name, results] of responses)
    it(`keeps what an answer to ${name} says`, () => {
      fc.assert(
        fc.property(results, (said) => {
          const canonical = responseFromJson(operations[name], responseFrom03(name, said))
          assert.deepEqual(responseTo03(name, responseToJson(operations[name], canonical) as JsonObject), said)
        })
      )
    })

  it('keeps it in the writings of REST and gRPC, too', () => {
    fc.assert(
      fc.property(send, fc.oneof(message, task, statusUpdate, artifactUpdate), (request, response) => {
        const asked = requestToJson(operations.SendMessage, requestFromJson(operations.SendMessage, requestFrom03('SendMessage', request))) as JsonObject
        // 0 is the same as none there.
        const limit = (asked['configuration'] as JsonObject | undefined)?.['historyLength']
        fc.pre(limit !== 0)
        const again = requestFromJson(operations.SendMessage, sendFrom03Proto(sendTo03Proto(asked)))
        assert.deepEqual(requestToJson(operations.SendMessage, again), asked)
        const bytes = grpc.renderRequest(operations.SendMessage, again, '')
        assert.deepEqual(requestToJson(operations.SendMessage, grpc.parseRequest(operations.SendMessage, bytes).message), asked)
        const name = 'SendStreamingMessage'
        const answered = responseToJson(operations[name], responseFromJson(operations[name], responseFrom03(name, response))) as JsonObject
        const read = responseFromJson(operations[name], responseFrom03Proto(name, responseTo03Proto(name, answered)))
        assert.deepEqual(responseToJson(operations[name], read), answered)
        const sent = grpc.renderResponse(operations[name], read)
        assert.deepEqual(responseToJson(operations[name], grpc.parseResponse(operations[name], sent)), answered)
      })
    )
  })

  it('says in REST and gRPC that a list of webhooks goes on', () => {
    const name = 'ListTaskPushNotificationConfigs'
    const page = { configs: [{ taskId: 't', id: 'p', url: 'http://x' }], nextPageToken: 'more' }
    assert.deepEqual(responseFrom03Proto(name, responseTo03Proto(name, page)), page)
    const bytes = grpc.renderResponse(operations[name], responseFromJson(operations[name], page))
    assert.deepEqual(responseToJson(operations[name], grpc.parseResponse(operations[name], bytes)), page)
  })

  it('wraps data that 0.3 cannot say, and unwraps it', () => {
    for (const data of [null, 7, 'x', [1, { a: 2 }]]) {
      const response = { message: { messageId: 'm', role: 'ROLE_AGENT', parts: [{ data }] } }
      const old = responseTo03('SendMessage', response)
      assert.match(JSON.stringify(old), /data_part_compat/)
      assert.deepEqual(responseFrom03('SendMessage', old), response)
    }
  })

  it('keeps the card', () => {
    const card = {
      name: 'n',
      description: 'd',
      version: '1',
      protocolVersion: '0.3.0',
      url: 'http://x/rpc',
      preferredTransport: 'JSONRPC',
      additionalInterfaces: [{ url: 'http://x/rest', transport: 'HTTP+JSON' }],
      capabilities: { streaming: true, extensions: [{ uri: 'urn:e', required: true }] },
      supportsAuthenticatedExtendedCard: true,
      defaultInputModes: ['text/plain'],
      defaultOutputModes: ['text/plain'],
      provider: { organization: 'o', url: 'http://o' },
      skills: [{ id: 's', name: 's', description: 's', tags: ['t'], security: [{ k: ['read'] }] }],
      security: [{ k: [] }],
      securitySchemes: { k: { type: 'apiKey', in: 'header', name: 'K' }, h: { type: 'http', scheme: 'bearer' } }
    }
    assert.deepEqual(cardTo03(cardFrom03(card)), card)
    assert.deepEqual(cardTo03(cardFrom03(cardTo03(cardFrom03(card), 'proto'))), { ...card, securitySchemes: card.securitySchemes })
    assert.throws(() => cardTo03({ name: 'n', supportedInterfaces: [{ url: 'http://x', protocolBinding: 'GRPC', protocolVersion: '1.0' }] }), {
      code: 'VERSION_NOT_SUPPORTED'
    })
  })
})

describe('what is no A2A 0.3', () => {
  const hello = { kind: 'message', messageId: 'm', role: 'user', parts: [{ kind: 'text', text: 'x' }] }
  const refused: readonly (readonly [string, A2aOperationName, JsonObject, RegExp])[] = [
    ['a field that would be lost', 'SendMessage', { message: { ...hello, mood: 'good' } }, /message\.mood is not known/],
    ['a parameter that is not known', 'GetTask', { id: 't', limit: 1 }, /limit is not known/],
    ['a role of 1.0', 'SendMessage', { message: { ...hello, role: 'ROLE_USER' } }, /message\.role/],
    ['a part of 1.0', 'SendMessage', { message: { ...hello, parts: [{ text: 'x' }] } }, /parts\[0\]/],
    ['a part of a kind that is not known', 'SendMessage', { message: { ...hello, parts: [{ kind: 'video' }] } }, /message\.parts\[0\] is a part of a kind/],
    ['data that is no object', 'SendMessage', { message: { ...hello, parts: [{ kind: 'data', data: [] }] } }, /parts\[0\]\.data must be an object/],
    ['a file without a file', 'SendMessage', { message: { ...hello, parts: [{ kind: 'file' }] } }, /parts\[0\]\.file must be an object/],
    ['parts that are no list', 'SendMessage', { message: { ...hello, parts: {} } }, /message\.parts must be a list/],
    ['a message that is none', 'SendMessage', { message: 'hello' }, /message must be an object/],
    ['blocking that is no flag', 'SendMessage', { message: hello, configuration: { blocking: 'yes' } }, /configuration\.blocking/],
    [
      'two schemes of a webhook',
      'CreateTaskPushNotificationConfig',
      { taskId: 't', pushNotificationConfig: { url: 'u', authentication: { schemes: ['a', 'b'] } } },
      /schemes/
    ],
    ['a webhook without its configuration', 'CreateTaskPushNotificationConfig', { taskId: 't' }, /pushNotificationConfig must be an object/]
  ]
  for (const [what, name, params, why] of refused)
    it(`is refused, naming the field: ${what}`, () => assert.throws(() => requestFrom03(name, params), { code: 'INVALID_ARGUMENT', message: why }))

  it('is passed over in the answer of a newer agent, and refused where nothing is left', () => {
    assert.deepEqual(responseFrom03('GetTask', { kind: 'task', id: 't', mood: 'good', status: { state: 'working', mood: 1 } }), {
      id: 't',
      status: { state: 'TASK_STATE_WORKING' }
    })
    const results: JsonValue[] = [null, 'x', [], {}, { kind: 'poem' }, { kind: 'task', status: { state: 'dreaming' } }]
    for (const result of results) assert.throws(() => responseFrom03('SendMessage', result), { code: 'INVALID_AGENT_RESPONSE' }, JSON.stringify(result))
  })

  it('waits where it does not say whether to', () => {
    const { configuration } = requestFrom03('SendMessage', { message: hello, configuration: {} })
    assert.deepEqual(configuration, { returnImmediately: false })
    assert.equal('configuration' in requestFrom03('SendMessage', { message: hello }), false)
  })
})
