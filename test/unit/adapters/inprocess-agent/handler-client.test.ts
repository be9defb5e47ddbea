import assert from 'node:assert/strict'
import { create, type Message } from '@bufbuild/protobuf'
import { createHandlerClient } from '../../../../src/adapters/inprocess-agent/handler-client.ts'
import type { MessageHandler } from '../../../../src/adapters/inprocess-agent/handler.ts'
import type { AgentClient } from '../../../../src/ports/agent-client.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import * as a2a from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type OperationName, operations } from '../../../../src/wire/operations.ts'

const ANNA = 'spiffe://north.example/agent/anna'
const BERT = 'spiffe://north.example/agent/bert'
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

function client(handler: MessageHandler, onError?: (error: unknown) => void) {
  let ids = 0
  let time = 1_000
  return createHandlerClient(handler, { card: { name: 'Echo', description: 'echoes' }, now: () => time++, newId: () => `id${++ids}`, onError })
}

function invoke(agent: AgentClient, name: OperationName, request: Message, principal = ANNA, signal = new AbortController().signal) {
  return agent.invoke(operations[name], request, { signal, extensions: [], principal })
}

async function all<T>(source: AsyncIterable<Message>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item as T)
  return items
}

async function one<T>(source: AsyncIterable<Message>): Promise<T> {
  const items = await all<T>(source)
  assert.equal(items.length, 1)
  return items[0] as T
}

function send(text: string, more: { readonly configuration?: { readonly returnImmediately: boolean } } = {}) {
  return create(a2a.SendMessageRequestSchema, { message: { messageId: 'm', contextId: 'c1', parts: [{ content: { case: 'text', value: text } }] }, ...more })
}

const words = (parts: readonly a2a.Part[] = []) => parts.map((part) => (part.content.case === 'text' ? part.content.value : '?')).join('|')
const getTask = (id: string) => create(a2a.GetTaskRequestSchema, { id })

/** A stream that goes on only when told. */
function stepped(pieces: readonly string[]) {
  const gates = pieces.map(() => Promise.withResolvers<void>())
  const seen = { signal: undefined as AbortSignal | undefined, ended: false }
  const handler: MessageHandler = (_message, { signal }) => {
    seen.signal = signal
    return (async function* () {
      for (const [index, piece] of pieces.entries()) {
        await gates[index]?.promise
        yield piece
      }
      seen.ended = true
    })()
  }
  return { handler, seen, go: (index: number) => gates[index]?.resolve() }
}

describe('an agent that is a function', () => {
  it('answers with a message in the same context, and knows who asks', async () => {
    const agent = client((_message, { text, principal, contextId }) => `${principal.split('/').at(-1) ?? ''} said ${text} in ${contextId}`)
    const response = await one<a2a.SendMessageResponse>(invoke(agent, 'SendMessage', send('hi')))
    assert.equal(response.payload.case, 'message')
    const message = response.payload.value as a2a.Message
    assert.equal(words(message.parts), 'anna said hi in c1')
    assert.deepEqual([message.role, message.contextId], [a2a.Role.AGENT, 'c1'])
  })

  it('an answer that takes its time becomes a task on a stream, which can be followed and canceled', async () => {
    const answer = Promise.withResolvers<string>()
    let told: AbortSignal | undefined
    const agent = createHandlerClient(
      (_message, { signal }) => {
        told = signal
        return answer.promise
      },
      { card: { name: 'Slow', description: 'thinks' }, taskAfterMs: 0 }
    )
    const stream = invoke(agent, 'SendStreamingMessage', send('hi'))[Symbol.asyncIterator]()
    const first = (await stream.next()).value as a2a.StreamResponse
    assert.ok(first.payload.case === 'task')
    const { id } = first.payload.value
    assert.equal((await one<a2a.Task>(invoke(agent, 'GetTask', getTask(id)))).status?.state, a2a.TaskState.WORKING)
    answer.resolve('at last')
    const rest = await all<a2a.StreamResponse>({ [Symbol.asyncIterator]: () => stream })
    assert.deepEqual(
      rest.map(({ payload }) => payload.case),
      ['artifactUpdate', 'statusUpdate']
    )
    assert.equal(words((await one<a2a.Task>(invoke(agent, 'GetTask', getTask(id)))).artifacts[0]?.parts), 'at last')
    const never = createHandlerClient(
      (_message, { signal }) => {
        told = signal
        return new Promise<string>(() => undefined)
      },
      { card: { name: 'Slow', description: 'thinks' }, taskAfterMs: 0 }
    )
    const hanging = invoke(never, 'SendStreamingMessage', send('hi'))[Symbol.asyncIterator]()
    const begun = (await hanging.next()).value as a2a.StreamResponse
    assert.ok(begun.payload.case === 'task')
    await one(invoke(never, 'CancelTask', create(a2a.CancelTaskRequestSchema, { id: begun.payload.value.id })))
    assert.equal(told?.aborted, true)
    assert.equal(((await hanging.next()).value as a2a.StreamResponse).payload.case, 'statusUpdate')
  })

  it('turns a streamed answer into one finished task when nobody streams', async () => {
    const agent = client(async function* () {
      yield 'one '
      yield { progress: 'half way' }
      yield 'two'
    })
    const response = await one<a2a.SendMessageResponse>(invoke(agent, 'SendMessage', send('go')))
    const task = response.payload.value as a2a.Task
    assert.equal(task.status?.state, a2a.TaskState.COMPLETED)
    assert.equal(words(task.artifacts[0]?.parts), 'one two')
    assert.equal(words(task.history[0]?.parts), 'go')
  })

  it('streams task, pieces, progress and the end', async () => {
    const agent = client(async function* () {
      yield 'one'
      yield { progress: 'half way' }
      yield 'two'
    })
    const events = await all<a2a.StreamResponse>(invoke(agent, 'SendStreamingMessage', send('go')))
    const told = events.map(({ payload }) => {
      if (payload.case === 'artifactUpdate') return `${words(payload.value.artifact?.parts)} append=${payload.value.append}`
      if (payload.case === 'statusUpdate') return `${payload.value.status?.state} ${words(payload.value.status?.message?.parts)}`
      return payload.case
    })
    assert.deepEqual(told, ['task', 'one append=false', '2 half way', 'two append=true', '3 '])
  })

  it('does not run ahead of a slow reader', async () => {
    let made = 0
    const agent = client(async function* () {
      for (; made < 1000; made++) yield 'x'
    })
    const events = invoke(agent, 'SendStreamingMessage', send('go'))[Symbol.asyncIterator]()
    await events.next()
    for (let turn = 0; turn < 20; turn++) await settle()
    assert.ok(made <= 16, `${made} pieces made, none read`)
    for (let read = 0; read < 1001; read++) await events.next()
    assert.equal(made, 1000)
    assert.equal((await events.next()).done, true)
  })

  it('goes on with the task when the reader leaves, even at the first event', async () => {
    const { handler, go } = stepped(['a', 'b'])
    const agent = client(handler)
    const gone = new AbortController()
    const events = invoke(agent, 'SendStreamingMessage', send('go'), ANNA, gone.signal)[Symbol.asyncIterator]()
    const first = (await events.next()).value as a2a.StreamResponse
    const id = (first.payload.value as a2a.Task).id
    await events.return?.()
    go(0)
    go(1)
    await settle()
    const task = await one<a2a.Task>(invoke(agent, 'GetTask', getTask(id)))
    assert.equal(task.status?.state, a2a.TaskState.COMPLETED)
    assert.equal(words(task.artifacts[0]?.parts), 'ab')
  })

  it('tells the handler when a caller goes away that could not know of a task', async () => {
    const { handler, seen } = stepped(['a'])
    const agent = client(handler)
    const gone = new AbortController()
    const waiting = assert.rejects(one(invoke(agent, 'SendMessage', send('go'), ANNA, gone.signal)), { code: 'CANCELED' })
    await settle()
    gone.abort(new HansaError('CANCELED', 'the caller went away'))
    await waiting
    assert.equal(seen.signal?.aborted, true)
  })

  it('cancels a task, tells the handler and everybody who follows, and takes no second cancel', async () => {
    const { handler, seen, go } = stepped(['a', 'never'])
    const agent = client(handler)
    const response = await one<a2a.SendMessageResponse>(invoke(agent, 'SendMessage', send('go', { configuration: { returnImmediately: true } })))
    const { id, status } = response.payload.value as a2a.Task
    assert.equal(status?.state, a2a.TaskState.WORKING)
    const followed = all<a2a.StreamResponse>(invoke(agent, 'SubscribeToTask', create(a2a.SubscribeToTaskRequestSchema, { id })))
    await settle()
    go(0)
    await settle()
    const cancel = create(a2a.CancelTaskRequestSchema, { id })
    assert.equal((await one<a2a.Task>(invoke(agent, 'CancelTask', cancel))).status?.state, a2a.TaskState.CANCELED)
    assert.equal(seen.signal?.aborted, true)
    assert.deepEqual(
      (await followed).map((event) => event.payload.case),
      ['task', 'artifactUpdate', 'statusUpdate']
    )
    await assert.rejects(one(invoke(agent, 'CancelTask', cancel)), { code: 'TASK_NOT_CANCELABLE' })
    await assert.rejects(all(invoke(agent, 'SubscribeToTask', create(a2a.SubscribeToTaskRequestSchema, { id }))), { code: 'UNSUPPORTED_OPERATION' })
  })

  it('shows tasks to their owner only', async () => {
    const agent = client(async function* () {
      yield 'secret'
    })
    const mine = await one<a2a.SendMessageResponse>(invoke(agent, 'SendMessage', send('go')))
    const id = (mine.payload.value as a2a.Task).id
    for (const name of ['GetTask', 'CancelTask', 'SubscribeToTask'] as const)
      await assert.rejects(all(invoke(agent, name, create(operations[name].request, { id }), BERT)), { code: 'TASK_NOT_FOUND' })
    const list = (principal: string) => one<a2a.ListTasksResponse>(invoke(agent, 'ListTasks', create(a2a.ListTasksRequestSchema), principal))
    assert.equal((await list(BERT)).totalSize, 0)
    const own = await list(ANNA)
    assert.deepEqual(
      own.tasks.map((task) => [task.id, task.artifacts.length]),
      [[id, 0]]
    )
  })

  it('lists tasks newest first, in pages', async () => {
    const agent = client(async function* () {
      yield 'x'
    })
    for (let i = 0; i < 5; i++) await all(invoke(agent, 'SendMessage', send(`${i}`)))
    const page = (pageToken: string) =>
      one<a2a.ListTasksResponse>(invoke(agent, 'ListTasks', create(a2a.ListTasksRequestSchema, { pageSize: 2, pageToken, historyLength: 1 })))
    const asked: string[] = []
    for (let token = ''; ;) {
      const { tasks, nextPageToken } = await page(token)
      asked.push(...tasks.map((task) => words(task.history[0]?.parts)))
      if (nextPageToken === '') break
      token = nextPageToken
    }
    assert.deepEqual(asked, ['4', '3', '2', '1', '0'])
    await assert.rejects(page('-1'), { code: 'INVALID_ARGUMENT' })
  })

  it('reports a handler that throws as a failed task without its secrets, and a typed error as itself', async () => {
    const errors: unknown[] = []
    const agent = client(
      (_message, { text }) => {
        if (text === 'typed') throw new HansaError('CONTENT_TYPE_NOT_SUPPORTED', 'no images please')
        throw new Error('password hunter2')
      },
      (error) => errors.push(error)
    )
    const response = await one<a2a.SendMessageResponse>(invoke(agent, 'SendMessage', send('x')))
    const task = response.payload.value as a2a.Task
    assert.equal(task.status?.state, a2a.TaskState.FAILED)
    assert.equal(words(task.status?.message?.parts), 'the agent failed')
    assert.match(String(errors[0]), /hunter2/)
    await assert.rejects(one(invoke(agent, 'SendMessage', send('typed'))), { code: 'CONTENT_TYPE_NOT_SUPPORTED' })
  })

  it('refuses a message without parts, one for an unknown task, and what it does not offer', async () => {
    const agent = client(() => 'never')
    const bare = create(a2a.SendMessageRequestSchema, { message: { messageId: 'm' } })
    await assert.rejects(all(invoke(agent, 'SendMessage', bare)), { code: 'INVALID_ARGUMENT' })
    const follow = create(a2a.SendMessageRequestSchema, { message: { messageId: 'm', taskId: 'nope', parts: [{ content: { case: 'text', value: 'x' } }] } })
    await assert.rejects(all(invoke(agent, 'SendStreamingMessage', follow)), { code: 'TASK_NOT_FOUND' })
    const extended = create(a2a.GetExtendedAgentCardRequestSchema)
    await assert.rejects(all(invoke(agent, 'GetExtendedAgentCard', extended)), { code: 'EXTENDED_AGENT_CARD_NOT_CONFIGURED' })
  })

  it('lets one caller run only so many tasks at a time', async () => {
    const { handler } = stepped(['never'])
    const agent = client(handler)
    const start = (principal: string) => one(invoke(agent, 'SendMessage', send('x', { configuration: { returnImmediately: true } }), principal))
    for (let i = 0; i < 100; i++) await start(ANNA)
    await assert.rejects(start(ANNA), { code: 'TOO_MANY_CALLS' })
    await start(BERT)
  })

  it('does not begin what it refuses', async () => {
    let begun = 0
    const signals: AbortSignal[] = []
    const agent = client((_message, { signal }) => {
      begun++
      signals.push(signal)
      return (async function* () {
        await new Promise(() => undefined)
        yield 'never'
      })()
    })
    const start = (returnImmediately: boolean) => one(invoke(agent, 'SendMessage', send('x', { configuration: { returnImmediately } })))
    for (let i = 0; i < 100; i++) await start(true)
    await assert.rejects(start(true), { code: 'TOO_MANY_CALLS' })
    await settle()
    assert.equal(begun, 100)
    await assert.rejects(start(false), { code: 'TOO_MANY_CALLS' })
    assert.equal(signals.at(-1)?.aborted, true, 'what had begun before it became a task is told to stop')
  })

  it('what has begun and finds no room as a task is waited for, as it would have been without: it is not begun twice', async () => {
    const answer = Promise.withResolvers<string>()
    let begun = 0
    const signals: AbortSignal[] = []
    const handler = (_message: a2a.Message, { signal }: { signal: AbortSignal }) => {
      begun++
      signals.push(signal)
      return answer.promise
    }
    const agent = createHandlerClient(handler, { card: { name: 'Slow', description: 'thinks' }, taskAfterMs: 0 })
    const streams = Array.from({ length: 100 }, () => invoke(agent, 'SendStreamingMessage', send('x'))[Symbol.asyncIterator]())
    for (const stream of streams) await stream.next()
    const over = all<a2a.StreamResponse>(invoke(agent, 'SendStreamingMessage', send('x')))
    const gone = new AbortController()
    const left = all(invoke(agent, 'SendStreamingMessage', send('x'), ANNA, gone.signal))
    await new Promise((resolve) => setTimeout(resolve, 20))
    gone.abort(new HansaError('CANCELED', 'it has gone'))
    assert.equal(signals.at(-1)?.aborted, true, 'nobody knows of it as a task')
    answer.resolve('at last')
    await assert.rejects(left, { code: 'CANCELED' })
    assert.deepEqual(
      (await over).map(({ payload }) => payload.case),
      ['message']
    )
    assert.equal(begun, 102)
  })

  it('holds only so many bytes of tasks that have ended, the newest of them', async () => {
    const agent = client(async function* (_message, { text }) {
      yield text
    })
    const large = 'x'.repeat(12 * 1024 * 1024)
    const ids: string[] = []
    for (let i = 0; i < 12; i++) ids.push(((await one<a2a.SendMessageResponse>(invoke(agent, 'SendMessage', send(large)))).payload.value as a2a.Task).id)
    await assert.rejects(one(invoke(agent, 'GetTask', getTask(ids[0] ?? ''))), { code: 'TASK_NOT_FOUND' })
    assert.equal((await one<a2a.Task>(invoke(agent, 'GetTask', getTask(ids.at(-1) ?? '')))).id, ids.at(-1))
  })
})
