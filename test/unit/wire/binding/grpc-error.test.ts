import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { ERRORS, type ErrorCode, HansaError } from '../../../../src/schema/errors.ts'
import { ErrorInfoSchema } from '../../../../src/schema/generated/google/rpc/error_details_pb.ts'
import { StatusSchema } from '../../../../src/schema/generated/google/rpc/status_pb.ts'
import { ERROR_STATUS, GRPC_CODES } from '../../../../src/wire/binding/error-status.ts'
import { parseGrpcError, renderGrpcError } from '../../../../src/wire/binding/grpc-error.ts'
import { operations } from '../../../../src/wire/operations.ts'

const details = (reason: string, domain: string): Uint8Array =>
  toBinary(StatusSchema, create(StatusSchema, { details: [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain }))] }))

describe('errors of the gRPC binding', () => {
  it("A2A's own come back as they went; the network's are an agent's failure when an agent sends them", () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const sent = renderGrpcError(new HansaError(code, 'why'))
      const read = parseGrpcError(sent.code, sent.message, sent.details, operations.ListTasks)
      if (ERROR_STATUS[code].domain === 'a2a-protocol.org') assert.equal(read.code, code)
      else assert.ok(['AGENT_FAILED', 'INVALID_ARGUMENT', 'UNSUPPORTED_OPERATION'].includes(read.code), `${code} was read as ${read.code}`)
    }
  })

  it('fit into a trailer, whatever their texts', () => {
    const metadata = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key${index}`, '預'.repeat(2_000)]))
    const { message, details: bytes } = renderGrpcError(new HansaError('NO_ROUTE', '\ud800'.repeat(5_000), metadata))
    // As they stand in the headers: percent-encoded, and in base64.
    assert.ok(encodeURI(message).length + Buffer.from(bytes).toString('base64').length < 8 * 1024, String(bytes.length))
  })

  it('of an agent that says only a status mean what the status means', () => {
    const read = (status: keyof typeof GRPC_CODES, operation = operations.GetTask): string => parseGrpcError(GRPC_CODES[status], '', undefined, operation).code
    assert.equal(read('NOT_FOUND'), 'TASK_NOT_FOUND')
    assert.equal(read('NOT_FOUND', operations.SendMessage), 'AGENT_FAILED')
    assert.equal(read('UNIMPLEMENTED'), 'UNSUPPORTED_OPERATION')
    assert.equal(read('INVALID_ARGUMENT'), 'INVALID_ARGUMENT')
    assert.equal(read('PERMISSION_DENIED'), 'AGENT_FAILED')
    assert.equal(read('UNAVAILABLE'), 'AGENT_FAILED')
  })

  it('with details that are none, or that speak for somebody else, are not believed', () => {
    for (const bytes of [
      Buffer.from('ffff', 'hex'),
      Buffer.alloc(20_000),
      details('toString', 'a2a-protocol.org'),
      details('TASK_NOT_FOUND', 'elsewhere.example')
    ])
      assert.equal(parseGrpcError(2, 'why', bytes, operations.GetTask).code, 'AGENT_FAILED')
  })
})
