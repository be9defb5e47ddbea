import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { SendMessageResponseSchema, StreamResponseSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { taskIdAtHead } from '../../../../src/wire/binding/task-id.ts'

describe('task ID at the head of an answer', () => {
  const artifact = { artifactId: 'a', parts: [{ content: { case: 'text' as const, value: 'x'.repeat(100_000) } }] }
  const answers = [
    toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: 't-1', artifacts: [artifact] } } })),
    toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 't-1', contextId: 'c' } } })),
    toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'artifactUpdate', value: { taskId: 't-1', artifact } } }))
  ]

  it('is read from the first bytes of a message of any size', () => {
    for (const answer of answers) assert.equal(taskIdAtHead(answer.subarray(0, 64)), 't-1')
  })

  it('is none in a plain message, an endless ID, or anything else', () => {
    const message = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'message', value: { messageId: 'm' } } }))
    assert.equal(taskIdAtHead(message), undefined)
    const endless = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: 'x'.repeat(300) } } }))
    assert.equal(taskIdAtHead(endless), undefined)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => assert.doesNotThrow(() => taskIdAtHead(bytes))))
  })
})
