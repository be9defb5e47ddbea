import assert from 'node:assert/strict'
import { createRequire, registerHooks } from 'node:module'
import type * as grpc from '@a2a-js/sdk/server/grpc'
import { type DescMessage, fromBinary, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf'
import { operations } from '../../src/wire/operations.ts'

// The reference codec stands beside the reference's gRPC server; only the codec is wanted, so gRPC itself need not be there.
const STAND_IN = new URL('grpc-js.cjs', import.meta.url).href
const hooks = registerHooks({
  resolve: (specifier, context, next) => (specifier === '@grpc/grpc-js' ? { url: STAND_IN, shortCircuit: true } : next(specifier, context)),
  load: (url, context, next) =>
    url === STAND_IN ? { format: 'commonjs', source: 'exports.makeGenericClientConstructor = () => class {}', shortCircuit: true } : next(url, context)
})
const { A2AService } = createRequire(import.meta.url)('@a2a-js/sdk/server/grpc') as typeof grpc
hooks.deregister()

/** Both directions of one message of the reference codec. */
interface Reference {
  readonly serialize: (value: never) => Uint8Array
  readonly deserialize: (bytes: Buffer) => unknown
}

const metadata = { n: null, b: true, i: 1.5, s: 'text', l: [1, 'two', { three: [] }], o: { deep: { deeper: {} } } }
const message: JsonObject = {
  messageId: 'm-1',
  contextId: 'c-1',
  taskId: 't-1',
  role: 'ROLE_USER',
  parts: [
    { text: 'Grüße, 世界 🚀', metadata, filename: 'a.txt', mediaType: 'text/plain' },
    { raw: 'AAEC/f7/', mediaType: 'application/octet-stream' },
    { url: 'https://example.org/x?y=1#z' },
    { data: { nested: [1, 2.5, 'x', null, false], empty: {} } },
    { data: 'a bare string' },
    { data: null },
    { text: '' }
  ],
  metadata,
  extensions: ['urn:x:1', 'urn:x:2'],
  referenceTaskIds: ['t-0']
}
const status: JsonObject = { state: 'TASK_STATE_INPUT_REQUIRED', message, timestamp: '2026-05-26T12:34:56.789Z' }
const artifact: JsonObject = { artifactId: 'a-1', name: 'n', description: 'd', parts: message['parts'] ?? [], metadata, extensions: ['urn:x:1'] }
const task: JsonObject = { id: 't-1', contextId: 'c-1', status, artifacts: [artifact, { artifactId: 'a-2' }], history: [message], metadata }
const send: JsonObject = {
  tenant: 'tenant',
  message,
  configuration: {
    acceptedOutputModes: ['text/plain', 'image/*'],
    historyLength: 0,
    returnImmediately: true,
    taskPushNotificationConfig: {
      ...{ tenant: 'tenant', id: 'p-1', taskId: 't-1', url: 'https://example.org/hook', token: 'tok' },
      authentication: { scheme: 'Bearer', credentials: 'secret' }
    }
  },
  metadata
}
const flow = { tokenUrl: 'https://t', refreshUrl: 'https://r', scopes: { a: 'A' } }
const card: JsonObject = {
  name: 'n',
  description: 'd',
  supportedInterfaces: [{ url: 'https://x', protocolBinding: 'JSONRPC', tenant: 't', protocolVersion: '1.0' }],
  provider: { url: 'https://p', organization: 'o' },
  version: '1',
  documentationUrl: 'https://d',
  capabilities: {
    streaming: false,
    pushNotifications: true,
    extensions: [{ uri: 'urn:x', description: 'd', required: true, params: metadata }],
    extendedAgentCard: true
  },
  securitySchemes: {
    k: { apiKeySecurityScheme: { description: 'd', location: 'header', name: 'X-Key' } },
    h: { httpAuthSecurityScheme: { description: 'd', scheme: 'Bearer', bearerFormat: 'JWT' } },
    o: { oauth2SecurityScheme: { description: 'd', flows: { clientCredentials: flow }, oauth2MetadataUrl: 'https://m' } },
    a: { oauth2SecurityScheme: { flows: { authorizationCode: { ...flow, authorizationUrl: 'https://a', pkceRequired: true } } } },
    v: { oauth2SecurityScheme: { flows: { deviceCode: { ...flow, deviceAuthorizationUrl: 'https://v' } } } },
    c: { openIdConnectSecurityScheme: { description: 'd', openIdConnectUrl: 'https://c' } },
    m: { mtlsSecurityScheme: { description: 'd' } }
  },
  securityRequirements: [{ schemes: { k: { list: [] }, o: { list: ['a', 'b'] } } }],
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [
    {
      ...{ id: 's', name: 'n', description: 'd', tags: ['t'], examples: ['e'], inputModes: ['i'], outputModes: ['o'] },
      securityRequirements: [{ schemes: { m: { list: ['x'] } } }]
    }
  ],
  signatures: [{ protected: 'eyJ', signature: 'c2ln', header: { kid: 'k' } }],
  iconUrl: 'https://i'
}

const request = (rpc: { requestSerialize: (value: never) => Uint8Array; requestDeserialize: (bytes: Buffer) => unknown }): Reference => ({
  serialize: rpc.requestSerialize,
  deserialize: rpc.requestDeserialize
})
const response = (rpc: { responseSerialize: (value: never) => Uint8Array; responseDeserialize: (bytes: Buffer) => unknown }): Reference => ({
  serialize: rpc.responseSerialize,
  deserialize: rpc.responseDeserialize
})

const { sendMessage, sendStreamingMessage, getTask, listTasks, cancelTask, subscribeToTask, getExtendedAgentCard } = A2AService
const cases: readonly (readonly [string, DescMessage, Reference, readonly JsonObject[]])[] = [
  ['SendMessage request', operations.SendMessage.request, request(sendMessage), [send, { message: { role: 'ROLE_AGENT', parts: [] } }, {}]],
  ['SendMessage response', operations.SendMessage.response, response(sendMessage), [{ task }, { message }, {}]],
  ['SendStreamingMessage request', operations.SendStreamingMessage.request, request(sendStreamingMessage), [send]],
  [
    'SendStreamingMessage response',
    operations.SendStreamingMessage.response,
    response(sendStreamingMessage),
    [
      { task },
      { message },
      { statusUpdate: { taskId: 't', contextId: 'c', status, metadata } },
      { artifactUpdate: { taskId: 't', contextId: 'c', artifact, append: true, lastChunk: true, metadata } }
    ]
  ],
  ['GetTask request', operations.GetTask.request, request(getTask), [{ tenant: 'x', id: 't', historyLength: 0 }, { id: 't', historyLength: 7 }, { id: 't' }]],
  ['GetTask response', operations.GetTask.response, response(getTask), [task]],
  [
    'ListTasks request',
    operations.ListTasks.request,
    request(listTasks),
    [
      {
        ...{ tenant: 'x', contextId: 'c', status: 'TASK_STATE_WORKING', pageSize: 50, pageToken: 'p', historyLength: 3 },
        ...{ statusTimestampAfter: '2026-01-01T00:00:00Z', includeArtifacts: true }
      },
      { includeArtifacts: false, pageSize: 0 }
    ]
  ],
  ['ListTasks response', operations.ListTasks.response, response(listTasks), [{ tasks: [task, task], nextPageToken: 'n', pageSize: 2, totalSize: 9 }, {}]],
  ['CancelTask request', operations.CancelTask.request, request(cancelTask), [{ tenant: 'x', id: 't', metadata }]],
  ['CancelTask response', operations.CancelTask.response, response(cancelTask), [task]],
  ['SubscribeToTask request', operations.SubscribeToTask.request, request(subscribeToTask), [{ tenant: 'x', id: 't' }]],
  ['SubscribeToTask response', operations.SubscribeToTask.response, response(subscribeToTask), [{ statusUpdate: { taskId: 't', status } }]],
  ['GetExtendedAgentCard request', operations.GetExtendedAgentCard.request, request(getExtendedAgentCard), [{ tenant: 'x' }]],
  ['GetExtendedAgentCard response', operations.GetExtendedAgentCard.response, response(getExtendedAgentCard), [card]]
]

describe('lf.a2a.v1 and the reference codec of A2A', () => {
  for (const [name, schema, reference, samples] of cases)
    for (const [index, json] of samples.entries())
      it(`write the same bytes and read them back: ${name} ${index + 1}`, () => {
        const ours = toBinary(schema, fromJson(schema, json))
        // The reference decodes what we wrote and writes it again: a wrong number, type or packing shows in the bytes.
        const theirs = Buffer.from(reference.serialize(reference.deserialize(Buffer.from(ours)) as never))
        assert.equal(theirs.toString('hex'), Buffer.from(ours).toString('hex'))
        assert.deepEqual(toJson(schema, fromBinary(schema, theirs)), toJson(schema, fromJson(schema, json)))
      })

  it('give every field of the samples a place: nothing lands in unknown fields', () => {
    for (const [name, schema, , samples] of cases)
      for (const json of samples) {
        const message = fromBinary(schema, toBinary(schema, fromJson(schema, json)))
        assert.equal(message.$unknown, undefined, name)
      }
  })
})
