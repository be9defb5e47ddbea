import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { receiptOf } from '../../../../../../src/roles/agw/data/inbox/receipt.ts'
import { InboxItemSchema, InboxState } from '../../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { SendMessageResponseSchema } from '../../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { nested } from '../../../../../support/nested-value.ts'

describe('the receipt of a message', () => {
  it('has the answer of an agent that is nested as deeply as the wire allows', () => {
    const item = create(InboxItemSchema, { id: 'i', agent: 'a@south.example', state: InboxState.DELIVERED })
    const value = { id: 't', artifacts: [{ parts: [{ content: { case: 'data' as const, value: nested(48) } }] }] }
    const answer = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value } }))
    assert.equal(receiptOf(item, answer).artifacts.length, 1)
  })
})
