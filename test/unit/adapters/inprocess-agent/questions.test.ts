import assert from 'node:assert/strict'
import { create, fromJson, type JsonObject, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { createHandlerClient } from '../../../../src/adapters/inprocess-agent/handler-client.ts'
import type { MessageHandler } from '../../../../src/adapters/inprocess-agent/handler.ts'
import * as a2a from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type OperationName, operations } from '../../../../src/wire/operations.ts'

const ANNA = 'spiffe://north.example/agent/anna'
const BERT = 'spiffe://north.example/agent/bert'
const { INPUT_REQUIRED, COMPLETED, CANCELED, WORKING } = a2a.TaskState

/** Books when it knows the seat; notes whether it could tidy up. */
function house() {
  const seen = { tidied: false, replies: [] as string[] }
  const handler: MessageHandler = async function* (_message, { text, data }) {
    try {
      yield `to ${text}: `
      const reply = yield { ask: 'Which seat?' }
      seen.replies.push(reply.messageId)
      const [part] = reply.parts
      yield `${part?.content.case === 'text' ? part.content.value : '?'} ${JSON.stringify(data)}`
    } finally {
      seen.tidied = true
    }
  }
  let ids = 0
  const time = { now: 1_000 }
  const agent = createHandlerClient(handler, { card: { name: 'Seats', description: 'seats' }, now: () => time.now, newId: () => `id${++ids}` })
  const invoke = (name: OperationName, request: Message, principal = ANNA) =>
    agent.invoke(operations[name], request, { signal: new AbortController().signal, extensions: [], principal })
  return { agent, seen, invoke, time }
}

const say = (text: string, more: { readonly taskId?: string; readonly contextId?: string } = {}, returnImmediately = false) =>
  create(a2a.SendMessageRequestSchema, {
    message: { messageId: `m-${text}`, contextId: 'c1', ...more, parts: [{ content: { case: 'text', value: text } }] },
    configuration: { returnImmediately }
  })

async function all<T>(source: AsyncIterable<Message>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item as T)
  return items
}
async function taskOf(source: AsyncIterable<Message>): Promise<a2a.Task> {
  const [answer] = await all<a2a.SendMessageResponse>(source)
  assert.equal(answer?.payload.case, 'task')
  return answer.payload.value as a2a.Task
}
const words = (of: { readonly parts: readonly a2a.Part[] } | undefined) =>
  (of?.parts ?? []).map(({ content }) => (content.case === 'text' ? content.value : '?')).join('|')
const states = (events: readonly a2a.StreamResponse[]) =>
  events.map(({ payload }) => (payload.case === 'artifactUpdate' ? words(payload.value.artifact) : (payload.value as a2a.Task | undefined)?.status?.state))

describe('an agent that asks back', () => {
  it('puts its question, waits, and goes on with the reply to the task', async () => {
    const { invoke, seen } = house()
    const asking = await taskOf(invoke('SendMessage', say('Oslo')))
    assert.deepEqual([asking.status?.state, words(asking.status?.message)], [INPUT_REQUIRED, 'Which seat?'])
    const done = await taskOf(invoke('SendMessage', say('12A', { taskId: asking.id })))
    assert.deepEqual([done.id, done.status?.state, words(done.artifacts[0])], [asking.id, COMPLETED, 'to Oslo: 12A {}'])
    assert.deepEqual(
      done.history.map((message) => words(message)),
      ['Oslo', 'Which seat?', '12A']
    )
    assert.deepEqual(seen, { tidied: true, replies: ['m-12A'] })
  })

  it('ends a stream with its question, and the reply begins the next one', async () => {
    const { invoke } = house()
    const first = await all<a2a.StreamResponse>(invoke('SendStreamingMessage', say('Oslo')))
    assert.deepEqual(states(first), [WORKING, 'to Oslo: ', INPUT_REQUIRED])
    const { id } = first[0]?.payload.value as a2a.Task
    assert.deepEqual(states(await all(invoke('SubscribeToTask', create(a2a.SubscribeToTaskRequestSchema, { id })))), [INPUT_REQUIRED])
    const second = await all<a2a.StreamResponse>(invoke('SendStreamingMessage', say('12A', { taskId: id, contextId: '' })))
    assert.deepEqual(states(second), [WORKING, '12A {}', COMPLETED])
  })

  it('takes a reply from the owner of the task only, in its context, once', async () => {
    const { invoke } = house()
    const { id } = await taskOf(invoke('SendMessage', say('Oslo')))
    await assert.rejects(all(invoke('SendMessage', say('12A', { taskId: id }), BERT)), { code: 'TASK_NOT_FOUND' })
    await assert.rejects(all(invoke('SendMessage', say('12A', { taskId: id, contextId: 'c2' }))), { code: 'INVALID_ARGUMENT' })
    const working = await taskOf(invoke('SendMessage', say('12A', { taskId: id }, true)))
    assert.equal(working.status?.state, WORKING)
    await assert.rejects(all(invoke('SendMessage', say('12B', { taskId: id }))), { code: 'UNSUPPORTED_OPERATION' })
  })

  it('is told when the task is canceled, or nobody answers for a day and room is needed', async () => {
    for (const how of ['canceled', 'forgotten']) {
      const { invoke, seen, time } = house()
      const { id } = await taskOf(invoke('SendMessage', say('Oslo')))
      if (how === 'canceled') await all(invoke('CancelTask', create(a2a.CancelTaskRequestSchema, { id })))
      else {
        time.now += 24 * 60 * 60 * 1000 + 1
        await taskOf(invoke('SendMessage', say('Bergen')))
      }
      const [task] = await all<a2a.Task>(invoke('GetTask', create(a2a.GetTaskRequestSchema, { id })))
      assert.deepEqual([task?.status?.state, seen.tidied], [CANCELED, true], how)
    }
  })
})

describe('contents of messages and answers', () => {
  const agentOf = (handler: MessageHandler) => {
    const agent = createHandlerClient(handler, { card: { name: 'Facts', description: 'facts' } })
    return async (parts: Parameters<typeof create<typeof a2a.MessageSchema>>[1]) =>
      (
        await all<a2a.SendMessageResponse>(
          agent.invoke(operations.SendMessage, create(a2a.SendMessageRequestSchema, { message: parts }), {
            signal: new AbortController().signal,
            extensions: [],
            principal: ANNA
          })
        )
      )[0]
  }
  const data = (value: object) => ({ content: { case: 'data' as const, value: fromJson(ValueSchema, value as JsonValue) } })

  it('are read as one object of facts, and answered by what is in them', async () => {
    const send = agentOf((_message, { data: { destination, nights } }) => ({
      text: 'booked',
      data: { 'flight-confirmation': `${String(destination)}-${String(nights)}` },
      files: [{ name: 'ticket.txt', mediaType: 'text/plain', bytes: Uint8Array.of(1, 2) }, { url: 'https://north.example/map.png' }]
    }))
    const answer = await send({ messageId: 'm', parts: [data({ destination: 'Bergen', nights: 2 }), data(['no', 'object']), data({ destination: 'Oslo' })] })
    const { parts } = answer?.payload.value as a2a.Message
    assert.deepEqual(
      parts.map(({ content, filename, mediaType }) => [
        content.case,
        content.case === 'data' ? toJson(ValueSchema, content.value) : content.value,
        filename,
        mediaType
      ]),
      [
        ['text', 'booked', '', ''],
        ['data', { 'flight-confirmation': 'Oslo-2' }, '', 'application/json'],
        ['raw', Uint8Array.of(1, 2), 'ticket.txt', 'text/plain'],
        ['url', 'https://north.example/map.png', '', '']
      ]
    )
  })

  it('may be pieces of a stream, too, and of an answer that is not waited for', async () => {
    const send = agentOf(async function* () {
      yield { text: 'one', data: { a: 1 } }
      yield { data: { b: 2 } }
    })
    const answer = await send({ messageId: 'm', parts: [data({})] })
    const { artifacts } = answer?.payload.value as a2a.Task
    assert.deepEqual(
      artifacts[0]?.parts.map(({ content }) => content.case),
      ['text', 'data', 'data']
    )
  })

  it('keep an own member that is called __proto__ one', async () => {
    const send = agentOf((_message, { data: facts }) => ({ data: { own: Object.hasOwn(facts, '__proto__'), polluted: 'x' in facts } }))
    const part = create(a2a.PartSchema, {
      content: { case: 'data', value: { kind: { case: 'structValue', value: JSON.parse('{"__proto__":{"x":1}}') as JsonObject } } }
    })
    const answer = await send({ messageId: 'm', parts: [part] })
    const [{ content }] = (answer?.payload.value as a2a.Message).parts as [a2a.Part]
    assert.equal((content.case === 'data' ? (toJson(ValueSchema, content.value) as JsonObject) : {})['polluted'], false)
  })
})
