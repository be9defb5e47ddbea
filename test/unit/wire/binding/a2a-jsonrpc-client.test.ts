import assert from 'node:assert/strict'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { HansaError, type ErrorCode } from '../../../../src/schema/errors.ts'
import { Role, SendMessageRequestSchema, SendMessageResponseSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { parseAnswer, renderCall } from '../../../../src/wire/binding/a2a-jsonrpc-client.ts'
import { parseCall, renderFailure, renderResult } from '../../../../src/wire/binding/a2a-jsonrpc-server.ts'
import { parseNetworkError } from '../../../../src/wire/binding/error-info.ts'
import { operations } from '../../../../src/wire/operations.ts'

const request = create(SendMessageRequestSchema, {
  message: { messageId: 'm', role: Role.USER, parts: [{ content: { case: 'raw', value: new Uint8Array([1, 2]) } }] }
})
const response = create(SendMessageResponseSchema, { payload: { case: 'message', value: { messageId: 'r', role: Role.AGENT } } })

describe('A2A JSON-RPC, client side', () => {
  it('writes what the server side reads, and reads what it writes', () => {
    const parsed = parseCall(new TextEncoder().encode(renderCall(5, operations.SendMessage, request)))
    assert.ok(parsed.ok)
    assert.deepEqual(toBinary(SendMessageRequestSchema, parsed.message as typeof request), toBinary(SendMessageRequestSchema, request))
    const back = parseAnswer(5, operations.SendMessage, renderResult(5, operations.SendMessage, response))
    assert.deepEqual(back, fromBinary(SendMessageResponseSchema, toBinary(SendMessageResponseSchema, response)))
  })

  it('leaves out fields of a newer agent', () => {
    const answer = parseAnswer(1, operations.SendMessage, '{"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"r","mood":"good"}}}')
    assert.deepEqual(answer, create(SendMessageResponseSchema, { payload: { case: 'message', value: { messageId: 'r' } } }))
  })

  for (const [what, name, result] of [
    ['a reply that is neither message nor task', 'SendMessage', { nonsense: 1 }],
    ['an event of no kind', 'SendStreamingMessage', {}],
    ['a task without an id', 'GetTask', { status: { state: 'TASK_STATE_WORKING' } }]
  ] as const)
    it(`refuses ${what}`, () => {
      assert.throws(() => parseAnswer(1, operations[name], JSON.stringify({ jsonrpc: '2.0', id: 1, result })), { code: 'INVALID_AGENT_RESPONSE' })
    })

  const codes: readonly (readonly [number, ErrorCode])[] = [
    [-32001, 'TASK_NOT_FOUND'],
    [-32004, 'UNSUPPORTED_OPERATION'],
    [-32009, 'VERSION_NOT_SUPPORTED'],
    [-32601, 'UNSUPPORTED_OPERATION'],
    [-32602, 'INVALID_ARGUMENT'],
    [-32603, 'AGENT_FAILED'],
    [-32700, 'AGENT_FAILED'],
    [7, 'AGENT_FAILED']
  ]
  for (const [jsonRpc, code] of codes)
    it(`takes an agent's ${jsonRpc} as ${code}`, () => {
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: jsonRpc, message: 'why' } })
      assert.throws(() => parseAnswer(1, operations.SendMessage, text), { code, message: 'why' })
    })

  it('does not let an agent speak in the name of a gateway', () => {
    const text = renderFailure(1, new HansaError('NO_ROUTE', 'no way', { at: 'spiffe://a.example/agw/g' }))
    assert.throws(
      () => parseAnswer(1, operations.SendMessage, text),
      (error: HansaError) => error.code === 'AGENT_FAILED' && error.metadata['at'] === undefined
    )
  })

  it("reads a gateway's error back whole", () => {
    const sent = new HansaError('NO_ROUTE', 'no way', { at: 'spiffe://a.example/agw/g', agent: 'x@b.example' })
    const { error } = JSON.parse(renderFailure(1, sent)) as { error: unknown }
    const read = parseNetworkError(error)
    assert.equal(read.code, 'NO_ROUTE')
    assert.equal(read.metadata['at'], 'spiffe://a.example/agw/g')
    assert.equal(parseNetworkError({ code: -32603, message: 'x', data: [{ '@type': 'other', reason: 'NO_ROUTE' }] }).code, 'AGENT_FAILED')
  })

  it('bounds the words of an agent', () => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x'.repeat(1e6) } })
    assert.throws(
      () => parseAnswer(1, operations.SendMessage, text),
      (error: HansaError) => error.message.length === 500
    )
  })
})
