import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { SendMessageResponseSchema, StreamResponseSchema, TaskState } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { taskAtHead } from '../../../../src/wire/binding/task-head.ts'

describe('task at the head of an answer', () => {
  const artifact = { artifactId: 'a', parts: [{ content: { case: 'text' as const, value: 'x'.repeat(100_000) } }] }
  const answers = [
    toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: 't-1', artifacts: [artifact] } } })),
    toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 't-1', contextId: 'c' } } })),
    toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'artifactUpdate', value: { taskId: 't-1', artifact } } }))
  ]

  it('is read from the first bytes of a message of any size', () => {
    for (const answer of answers) assert.equal(taskAtHead(answer.subarray(0, 64))?.id, 't-1')
  })

  it('tells the state where the message says it', () => {
    const status = { state: TaskState.INPUT_REQUIRED, message: { messageId: 'm' } }
    const event = create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 't-1', contextId: 'c', status } } })
    const task = create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: 't-1', contextId: 'c', status, artifacts: [artifact] } } })
    for (const bytes of [toBinary(StreamResponseSchema, event), toBinary(SendMessageResponseSchema, task)])
      assert.deepEqual(taskAtHead(bytes.subarray(0, 64)), { id: 't-1', state: TaskState.INPUT_REQUIRED })
  })

  it('is none in a plain message, an endless ID, or anything else', () => {
    const message = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'message', value: { messageId: 'm' } } }))
    assert.equal(taskAtHead(message), undefined)
    const endless = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: { id: 'x'.repeat(300) } } }))
    assert.equal(taskAtHead(endless), undefined)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => assert.doesNotThrow(() => taskAtHead(bytes))))
  })
})
