import assert from 'node:assert/strict'
import type { JsonValue } from '@bufbuild/protobuf'
import { AgentAnswer } from '../../../../src/cli/mcp/agent-answer.ts'

const WORKING = { state: 'TASK_STATE_WORKING' }
const begun = { task: { id: 't', contextId: 's', status: WORKING } }

describe('AgentAnswer', () => {
  it('is a message', () => {
    const answer = new AgentAnswer()
    assert.equal(answer.take({ message: { messageId: 'm', contextId: 's', parts: [{ text: 'hello' }, { data: { n: 1 } }] } }, false), 'hello')
    assert.deepEqual([answer.text, answer.data, answer.session, answer.task, answer.state, answer.failed], ['hello', [{ n: 1 }], 's', '', undefined, false])
    assert.deepEqual(answer.content(), [{ type: 'text', text: 'hello' }])
  })

  it('grows with the stream; signs of life are no part of it', () => {
    const answer = new AgentAnswer()
    assert.equal(answer.take(begun, true), 'TASK_STATE_WORKING')
    assert.equal(answer.running, true)
    const status = { ...WORKING, message: { messageId: 'm', parts: [{ text: 'half-way' }] } }
    assert.equal(answer.take({ statusUpdate: { taskId: 't', contextId: 's', status } }, true), 'half-way')
    const piece = (text: string, append: boolean): string =>
      answer.take({ artifactUpdate: { taskId: 't', contextId: 's', artifact: { artifactId: 'a', parts: [{ text }] }, append } }, true)
    assert.deepEqual([piece('thrown away', false), piece('one', false), piece('two', true)], ['thrown away', 'one', 'two'])
    assert.equal(answer.text, 'one\ntwo')
    answer.take({ statusUpdate: { taskId: 't', contextId: 's', status: { state: 'TASK_STATE_COMPLETED' } } }, true)
    assert.deepEqual([answer.text, answer.state, answer.running, answer.failed, answer.task], ['one\ntwo', 'TASK_STATE_COMPLETED', false, false, 't'])
  })

  it('ends with what the agent asks, or why it failed', () => {
    const question = { state: 'TASK_STATE_INPUT_REQUIRED', message: { messageId: 'm', parts: [{ text: 'which day?' }] } }
    const asked = new AgentAnswer()
    asked.take({ task: { id: 't', contextId: 's', status: question } }, false)
    assert.deepEqual([asked.text, asked.failed, asked.running], ['which day?', false, true])
    for (const state of ['TASK_STATE_FAILED', 'TASK_STATE_REJECTED', 'TASK_STATE_CANCELED']) {
      const answer = new AgentAnswer()
      answer.take({ task: { id: 't', contextId: 's', status: { ...question, state } } }, false)
      assert.deepEqual([answer.text, answer.failed, answer.running], ['which day?', true, false])
    }
  })

  it('gives files as blocks with their bytes, and as a list without them', () => {
    const answer = new AgentAnswer()
    const parts: JsonValue[] = [
      { raw: 'AQID', mediaType: 'image/png', filename: 'a.png' },
      { raw: 'AQID', mediaType: 'audio/wav' },
      { raw: 'AQID', mediaType: 'application/pdf', filename: 'a b.pdf' },
      { url: 'https://a.example/x', mediaType: 'text/plain', filename: 'x' }
    ]
    answer.take({ message: { messageId: 'm', parts } }, true)
    assert.deepEqual(answer.content(), [
      { type: 'image', data: 'AQID', mimeType: 'image/png' },
      { type: 'audio', data: 'AQID', mimeType: 'audio/wav' },
      { type: 'resource', resource: { uri: 'hansa://answer/2/a%20b.pdf', blob: 'AQID', mimeType: 'application/pdf' } },
      { type: 'resource_link', uri: 'https://a.example/x', name: 'x', mimeType: 'text/plain' }
    ])
    assert.deepEqual(answer.files, [
      { name: 'a.png', mediaType: 'image/png', size: 3 },
      { name: '', mediaType: 'audio/wav', size: 3 },
      { name: 'a b.pdf', mediaType: 'application/pdf', size: 3 },
      { name: 'x', mediaType: 'text/plain', url: 'https://a.example/x' }
    ])
  })

  it('shows data as text where there is nothing else, so that no client sees nothing', () => {
    const answer = new AgentAnswer()
    answer.take({ message: { messageId: 'm', parts: [{ data: { n: 1 } }] } }, false)
    assert.deepEqual(answer.content(), [{ type: 'text', text: '{"n":1}' }])
  })
})
