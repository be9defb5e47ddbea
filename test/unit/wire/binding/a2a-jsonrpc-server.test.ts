import assert from 'node:assert/strict'
import { create, toJson } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { HansaError } from '../../../../src/schema/errors.ts'
import { ListTasksResponseSchema, SendMessageRequestSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { parseCall, renderFailure, renderResult } from '../../../../src/wire/binding/a2a-jsonrpc-server.ts'
import { checkVersion } from '../../../../src/wire/binding/a2a-version.ts'
import { ERROR_STATUS } from '../../../../src/wire/binding/error-status.ts'
import { operations } from '../../../../src/wire/operations.ts'

const parse = (json: unknown) => parseCall(new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json)))
const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'x' }] }

/** The code that a client would get, and the sentence. */
function refusal(json: unknown): { readonly id: unknown; readonly code: number; readonly message: string } {
  const parsed = parse(json)
  assert.equal(parsed.ok, false, JSON.stringify(json))
  if (parsed.ok) throw new Error('unreachable')
  const { error } = JSON.parse(renderFailure(parsed.id, parsed.error, parsed.jsonRpc)) as { error: { code: number; message: string } }
  return { id: parsed.id, ...error }
}

describe('A2A JSON-RPC, server side', () => {
  it('reads a request of every operation that clients may use', () => {
    const params: Record<string, object> = {
      SendMessage: { message },
      SendStreamingMessage: { message },
      GetTask: { id: 't' },
      CancelTask: { id: 't' },
      SubscribeToTask: { id: 't' },
      CreateTaskPushNotificationConfig: { taskId: 't', url: 'https://client.example/hook' },
      GetTaskPushNotificationConfig: { taskId: 't', id: 'c' },
      ListTaskPushNotificationConfigs: { taskId: 't' },
      DeleteTaskPushNotificationConfig: { taskId: 't', id: 'c' }
    }
    for (const name of Object.keys(operations)) {
      const parsed = parse({ jsonrpc: '2.0', id: 'a', method: name, params: params[name] })
      assert.equal(parsed.ok, name !== 'GetAgentCard' && name !== 'Trace', name)
      if (parsed.ok) assert.equal(parsed.message.$typeName, parsed.operation.request.typeName)
    }
  })

  it('keeps every field of a message', () => {
    const params = { message: { ...message, contextId: 'c', taskId: 't', metadata: { a: [1, null] }, extensions: ['urn:x'], referenceTaskIds: ['r'] } }
    const parsed = parse({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params })
    assert.ok(parsed.ok)
    assert.deepEqual(toJson(SendMessageRequestSchema, parsed.message as never), params)
  })

  const malformed: readonly (readonly [string, unknown, number])[] = [
    ['nothing', '', -32700],
    ['half a document', '{"jsonrpc":', -32700],
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 't' } }], -32600],
    ['a number', '7', -32600],
    ['null', 'null', -32600],
    ['no id', { jsonrpc: '2.0', method: 'GetTask', params: { id: 't' } }, -32600],
    ['an id of null', { jsonrpc: '2.0', id: null, method: 'GetTask', params: { id: 't' } }, -32600],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'GetTask' }, -32600],
    ['an id that JSON would round', '{"jsonrpc":"2.0","id":12345678901234567890,"method":"ListTasks"}', -32600],
    ['an endless id', { jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ListTasks' }, -32600],
    ['another version of JSON-RPC', { jsonrpc: '1.0', id: 1, method: 'ListTasks' }, -32600],
    ['no method', { jsonrpc: '2.0', id: 1 }, -32600],
    ['a method that is no text', { jsonrpc: '2.0', id: 1, method: 7 }, -32600],
    ['a method of A2A 0.3', { jsonrpc: '2.0', id: 1, method: 'message/send' }, -32601],
    ['a method of every object', { jsonrpc: '2.0', id: 1, method: 'constructor' }, -32601],
    ["the network's own operation", { jsonrpc: '2.0', id: 1, method: 'Trace' }, -32601],
    ['a webhook without a task', { jsonrpc: '2.0', id: 1, method: 'CreateTaskPushNotificationConfig', params: { url: 'http://x' } }, -32602],
    [
      'a webhook without an address',
      { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message, configuration: { taskPushNotificationConfig: { token: 't' } } } },
      -32602
    ],
    ['params that are a list', { jsonrpc: '2.0', id: 1, method: 'GetTask', params: [] }, -32602],
    ['params that are null', { jsonrpc: '2.0', id: 1, method: 'GetTask', params: null }, -32602],
    ['no message', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: {} }, -32602],
    ['an unknown field', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, kind: 'message' } } }, -32602],
    ['a field of another type', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, parts: {} } } }, -32602],
    ['an unknown role', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, role: 'user' } } }, -32602],
    ['no role', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, role: undefined } } }, -32602],
    ['no message ID', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, messageId: '' } } }, -32602],
    ['no parts', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, parts: [] } } }, -32602],
    ['an empty part', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, parts: [{}] } } }, -32602],
    [
      'two contents in one part',
      { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, parts: [{ text: 'a', url: 'b' }] } } },
      -32602
    ],
    ['bytes that are no base64', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, parts: [{ raw: '*' }] } } }, -32602],
    ['a task without a name', { jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: '' } }, -32602]
  ]
  for (const [what, body, code] of malformed)
    it(`refuses ${what} with ${code}`, () => {
      assert.equal(refusal(body).code, code)
    })

  it('refuses bytes that are no UTF-8', () => {
    const parsed = parseCall(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]))
    assert.equal(!parsed.ok && parsed.jsonRpc, -32700)
  })

  it('names the field, and quotes no more of it than a line', () => {
    assert.match(refusal({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, surprise: 1 } } }).message, /surprise/)
    assert.match(
      refusal({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, parts: [{ text: 'a' }, {}] } } }).message,
      /parts\[1\]/
    )
    const long = refusal({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message: { ...message, ['y'.repeat(100_000)]: 1 } } })
    assert.ok(long.message.length <= 300)
  })

  it('gives the id back as it came, also with an error in the params', () => {
    for (const id of [0, -1, '', 'ü', 2 ** 53 - 1]) assert.equal(refusal({ jsonrpc: '2.0', id, method: 'GetTask' }).id, id)
  })

  it('survives anything', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text))
        ),
        (bytes) => {
          const parsed = parseCall(bytes)
          if (!parsed.ok) assert.ok(parsed.error instanceof HansaError && parsed.error.code !== 'INTERNAL')
        }
      )
    )
  })

  it('survives a document of a hundred thousand levels', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const parsed = parse(`{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"metadata":{"x":${deep}}}}`)
    assert.equal(parsed.ok, false)
    if (!parsed.ok) assert.equal(parsed.error.code, 'MALFORMED')
  })

  it('says what A2A requires though it is empty', () => {
    const { result } = JSON.parse(renderResult(1, operations.ListTasks, create(ListTasksResponseSchema))) as { result: object }
    assert.deepEqual(result, { tasks: [], nextPageToken: '', pageSize: 0, totalSize: 0 })
  })

  it("puts ErrorInfo beside an error: A2A's own domain for A2A's, ours with place and hint for the network's", () => {
    const ours = JSON.parse(renderFailure(1, new HansaError('NO_ROUTE', 'no way', { at: 'spiffe://a.example/agw/g', agent: 'x@b.example' }))) as {
      error: { data: object[] }
    }
    assert.deepEqual(ours.error.data, [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'NO_ROUTE',
        domain: 'hansa',
        metadata: { at: 'spiffe://a.example/agw/g', agent: 'x@b.example', hint: 'See which gateways are connected: hansa gw neighbors.' }
      }
    ])
    const a2a = JSON.parse(renderFailure(1, new HansaError('TASK_NOT_FOUND', 'gone'))) as { error: { code: number; data: { domain: string }[] } }
    assert.equal(a2a.error.code, -32001)
    assert.equal(a2a.error.data[0]?.domain, 'a2a-protocol.org')
  })

  it('gives each of the nine errors of A2A its own code, and every error a fitting HTTP status', () => {
    const own = Object.values(ERROR_STATUS).filter(({ domain }) => domain === 'a2a-protocol.org')
    assert.deepEqual(
      own.map(({ jsonRpc }) => jsonRpc).sort((a, b) => b - a),
      [-32001, -32002, -32003, -32004, -32005, -32006, -32007, -32008, -32009]
    )
    for (const [code, { http }] of Object.entries(ERROR_STATUS)) assert.ok(http === 200 || (http >= 400 && http < 600), code)
  })
})

describe('A2A-Version', () => {
  it('must be the one that is spoken at the address; none or an empty one means 0.3', () => {
    checkVersion('1.0', '1.0')
    checkVersion(' 1.0 ', '1.0')
    for (const version of [undefined, '', ' ', '0.3', '0.3.0']) {
      checkVersion(version, '0.3')
      assert.throws(() => checkVersion(version, '1.0'), { code: 'VERSION_NOT_SUPPORTED' }, version)
    }
    for (const version of ['1', '1.0.1', '1.1', '2.0', 'x'.repeat(1000)])
      for (const spoken of ['1.0', '0.3'] as const) assert.throws(() => checkVersion(version, spoken), { code: 'VERSION_NOT_SUPPORTED' }, version)
    assert.throws(() => checkVersion('1.0', '0.3'), { code: 'VERSION_NOT_SUPPORTED' })
  })
})
