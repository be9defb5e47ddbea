import assert from 'node:assert/strict'
import { create, fromBinary, type Message, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { type ErrorCode, HansaError } from '../../../../src/schema/errors.ts'
import * as a2a from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { parseRestError, parseRestResponse, renderRestCall } from '../../../../src/wire/binding/a2a-rest-client.ts'
import { parseRestRequest, renderRestError } from '../../../../src/wire/binding/a2a-rest-server.ts'
import type { A2aVersion } from '../../../../src/wire/binding/a2a-version.ts'
import { type A2aOperationName, operations } from '../../../../src/wire/operations.ts'

const HANDLE = 'flight@north.example'
const parse = (method: string, target: string, body = '', version: A2aVersion = '1.0') => {
  const [path = '', query = ''] = target.split('?')
  return parseRestRequest({
    method,
    path: path.split('/').slice(1),
    query: new URLSearchParams(query),
    body: new TextEncoder().encode(body),
    version,
    handle: HANDLE
  })
}

const odd = 'a/b?c:cancel é'
const message: MessageInitShape<typeof a2a.MessageSchema> = { messageId: 'm', role: a2a.Role.USER, parts: [{ content: { case: 'text', value: 'x' } }] }
const push = { taskId: odd, id: 'p/1', url: 'http://hook' }
const requests: readonly (readonly [A2aOperationName, Message])[] = [
  ['SendMessage', create(a2a.SendMessageRequestSchema, { message, configuration: { historyLength: 3, acceptedOutputModes: ['text/plain'] } })],
  ['SendStreamingMessage', create(a2a.SendMessageRequestSchema, { message })],
  ['GetTask', create(a2a.GetTaskRequestSchema, { id: odd, historyLength: 0 })],
  [
    'ListTasks',
    create(a2a.ListTasksRequestSchema, {
      contextId: 'c&d',
      status: a2a.TaskState.WORKING,
      pageSize: 5,
      pageToken: 'a+b=',
      historyLength: 2,
      includeArtifacts: false,
      statusTimestampAfter: { seconds: 1n, nanos: 0 }
    })
  ],
  ['CancelTask', create(a2a.CancelTaskRequestSchema, { id: odd, metadata: { a: 1 } })],
  ['SubscribeToTask', create(a2a.SubscribeToTaskRequestSchema, { id: odd })],
  ['CreateTaskPushNotificationConfig', create(a2a.TaskPushNotificationConfigSchema, push)],
  ['GetTaskPushNotificationConfig', create(a2a.GetTaskPushNotificationConfigRequestSchema, { taskId: odd, id: 'p/1' })],
  ['ListTaskPushNotificationConfigs', create(a2a.ListTaskPushNotificationConfigsRequestSchema, { taskId: odd, pageSize: 3, pageToken: 'n' })],
  ['DeleteTaskPushNotificationConfig', create(a2a.DeleteTaskPushNotificationConfigRequestSchema, { taskId: odd, id: 'p/1' })],
  ['GetExtendedAgentCard', create(a2a.GetExtendedAgentCardRequestSchema)]
]

describe('A2A REST', () => {
  for (const [name, request] of requests)
    it(`carries ${name} as it is, with IDs of any characters and with a tenant`, () => {
      const operation = operations[name]
      for (const tenant of ['', HANDLE]) {
        const { method, path, body } = renderRestCall(operation, { ...request, tenant } as Message, '1.0')
        const parsed = parse(method, path, body)
        assert.equal(parsed.operation.name, name)
        assert.deepEqual(
          fromBinary(operation.request, toBinary(operation.request, parsed.message)),
          fromBinary(operation.request, toBinary(operation.request, request))
        )
      }
    })

  it('carries the same in 0.3, where that has it', () => {
    for (const [name, request] of requests.filter(([each]) => each !== 'ListTasks' && each !== 'GetExtendedAgentCard' && !each.includes('Push'))) {
      const { method, path, body } = renderRestCall(operations[name], request, '0.3')
      assert.match(path, /^\/v1\//)
      assert.equal(parse(method, path, body, '0.3').operation.name, name)
    }
    assert.throws(() => renderRestCall(operations.ListTasks, create(a2a.ListTasksRequestSchema), '0.3'), { code: 'UNSUPPORTED_OPERATION' })
  })

  const refused: readonly (readonly [string, string, string, A2aVersion, ErrorCode])[] = [
    ['GET', '/', '', '1.0', 'NOT_FOUND'],
    ['GET', '/x', '', '1.0', 'NOT_FOUND'],
    ['GET', '/tasks/', '', '1.0', 'NOT_FOUND'],
    ['GET', '/tasks/t/x', '', '1.0', 'NOT_FOUND'],
    ['GET', '/tasks/t/pushNotificationConfigs/', '', '1.0', 'NOT_FOUND'],
    ['GET', '/tasks/t/pushNotificationConfigs/c/d', '', '1.0', 'NOT_FOUND'],
    ['PUT', '/tasks/t', '', '1.0', 'METHOD_NOT_FOUND'],
    ['GET', '/message:send', '', '1.0', 'METHOD_NOT_FOUND'],
    ['GET', '/message:shout', '', '1.0', 'NOT_FOUND'],
    ['GET', '/tasks/%zz', '', '1.0', 'MALFORMED'],
    ['GET', '/other@north.example/tasks/t', '', '1.0', 'AGENT_NOT_FOUND'],
    ['GET', '/a/b/tasks/t', '', '1.0', 'NOT_FOUND'],
    ['GET', '/v1/tasks', '', '0.3', 'NOT_FOUND'],
    ['GET', '/tasks/t', '', '0.3', 'VERSION_NOT_SUPPORTED'],
    ['GET', '/x', '', '0.3', 'NOT_FOUND'],
    ['GET', '/v1/tasks/t', '', '1.0', 'AGENT_NOT_FOUND'],
    ['POST', '/tasks/:cancel', '', '1.0', 'INVALID_ARGUMENT'],
    ['POST', '/tasks/t:cancel', '{"id":"u"}', '1.0', 'INVALID_ARGUMENT'],
    ['POST', '/tasks/t:cancel', '[1]', '1.0', 'INVALID_ARGUMENT'],
    ['POST', '/tasks/t:cancel', '{', '1.0', 'MALFORMED'],
    ['POST', '/message:send', `${'['.repeat(200)}${']'.repeat(200)}`, '1.0', 'MALFORMED'],
    ['POST', '/message:send', '', '1.0', 'INVALID_ARGUMENT'],
    ['POST', '/message:send?historyLength=1', '{}', '1.0', 'INVALID_ARGUMENT'],
    ['GET', '/tasks?pageSize=2147483648', '', '1.0', 'INVALID_ARGUMENT'],
    ['GET', '/tasks?pageSize=-1', '', '1.0', 'INVALID_ARGUMENT'],
    ['GET', '/tasks?pageSize=', '', '1.0', 'INVALID_ARGUMENT'],
    ['GET', '/tasks?__proto__=1', '', '1.0', 'INVALID_ARGUMENT'],
    [
      'POST',
      '/v1/tasks/t/pushNotificationConfigs',
      '{"name":"tasks/u/pushNotificationConfigs/c","pushNotificationConfig":{"url":"x"}}',
      '0.3',
      'INVALID_ARGUMENT'
    ],
    ['POST', '/v1/tasks/t/pushNotificationConfigs', '{"name":"nonsense","pushNotificationConfig":{"url":"x"}}', '0.3', 'INVALID_ARGUMENT'],
    ['POST', '/v1/message:send', '{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}}', '0.3', 'INVALID_ARGUMENT']
  ]
  for (const [method, target, body, version, code] of refused)
    it(`refuses ${method} ${target.slice(0, 60)} ${body.slice(0, 40)} in ${version} as ${code}`, () => {
      assert.throws(() => parse(method, target, body, version), { code })
    })

  it('takes what means nothing for nothing: null for a body, a tenant in the query', () => {
    assert.equal(parse('POST', '/tasks/t:cancel', 'null').operation.name, 'CancelTask')
    assert.equal(parse('GET', '/tasks/t?tenant=x&A2A-Version=1.0').operation.name, 'GetTask')
    assert.equal(parse('POST', '/v1/tasks/t:cancel', '{"name":"tasks/t"}', '0.3').operation.name, 'CancelTask')
  })
})

describe("errors of A2A REST, as an agent's", () => {
  const { GetTask, SendMessage } = operations

  it('are known when they are of A2A, in both versions', () => {
    for (const version of ['1.0', '0.3'] as const)
      for (const code of ['TASK_NOT_FOUND', 'TASK_NOT_CANCELABLE', 'UNSUPPORTED_OPERATION', 'CONTENT_TYPE_NOT_SUPPORTED', 'INVALID_ARGUMENT'] as const)
        assert.equal(parseRestError(SendMessage, 400, renderRestError(new HansaError(code, 'why'), version)).code, code, `${code} ${version}`)
  })

  it('do not speak in the name of a gateway', () => {
    const error = parseRestError(SendMessage, 503, renderRestError(new HansaError('NO_ROUTE', 'no way', { at: 'spiffe://a.example/agw/g' })))
    assert.deepEqual([error.code, error.metadata['at'], error.message], ['AGENT_FAILED', undefined, 'no way'])
  })

  const plain: readonly (readonly [number, string, ErrorCode])[] = [
    [404, '<h1>no</h1>', 'TASK_NOT_FOUND'],
    [405, '', 'UNSUPPORTED_OPERATION'],
    [500, '', 'AGENT_FAILED'],
    [400, '{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"bad"}}', 'INVALID_ARGUMENT'],
    [400, '{"error":{"details":[{"domain":"a2a-protocol.org","reason":"__proto__"}]}}', 'AGENT_FAILED'],
    [502, '{"error":"text"}', 'AGENT_FAILED'],
    [500, '{"error":{"details":7,"message":7}}', 'AGENT_FAILED']
  ]
  for (const [status, body, code] of plain)
    it(`are ${code} for HTTP ${status} with ${body.slice(0, 40) || 'nothing'}`, () => assert.equal(parseRestError(GetTask, status, body).code, code))

  it('end a stream as its last event', () => {
    for (const version of ['1.0', '0.3'] as const)
      assert.throws(() => parseRestResponse(operations.SendStreamingMessage, renderRestError(new HansaError('TASK_NOT_FOUND', 'gone'), version), version), {
        code: 'TASK_NOT_FOUND'
      })
  })

  it('are bounded, whatever the agent says', () => {
    const body = JSON.stringify({ error: { message: 'x'.repeat(100_000), details: Array(1_000).fill({}) } })
    assert.equal(parseRestError(GetTask, 500, body).message.length, 500)
  })
})
