import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { errorDetail, errorOf, HansaError, toHansaError } from '../../../src/schema/errors.ts'
import { ErrorDetailSchema } from '../../../src/schema/generated/hansa/v1/call_pb.ts'

describe('errors', () => {
  it('keep code, message and metadata over the wire', () => {
    const back = errorOf(errorDetail(new HansaError('RATE_LIMITED', 'too many', { retryAfterMs: 250 })))
    assert.equal(back.code, 'RATE_LIMITED')
    assert.equal(back.message, 'too many')
    assert.equal(back.hint, 'Wait 250 ms.')
  })
  it('say where they arose, and the first to say it is believed', () => {
    const error = new HansaError('NO_ROUTE', 'none').at('spiffe://north.example/agw/gw1').at('spiffe://south.example/agw/gw1')
    assert.equal(error.metadata['at'], 'spiffe://north.example/agw/gw1')
  })
  it('hide what was not meant for strangers', () => {
    const error = toHansaError(new Error('password is hunter2'))
    assert.equal(error.code, 'INTERNAL')
    assert.equal(JSON.stringify(errorDetail(error)).includes('hunter2'), false)
  })
  it('tell a passed deadline from a caller that went away', () => {
    assert.equal(toHansaError(new DOMException('x', 'TimeoutError')).code, 'DEADLINE_EXCEEDED')
    assert.equal(toHansaError(new DOMException('x', 'AbortError')).code, 'CANCELED')
  })
  it('do not believe codes they do not know', () => {
    const error = errorOf(create(ErrorDetailSchema, { code: '__proto__', message: 'x' }))
    assert.equal(error.code, 'INTERNAL')
    assert.equal(error.metadata['reason'], '__proto__')
  })
})
