import assert from 'node:assert/strict'
import { create, type Message, type MessageInitShape } from '@bufbuild/protobuf'
import { sha256 } from '../../../../../src/adapters/system/crypto.ts'
import { EXTENSIONS } from '../../../../../src/core/ids/extension-uris.ts'
import { MAX_TTL_MS } from '../../../../../src/core/inbox/inbox-bounds.ts'
import type { InvokeOptions } from '../../../../../src/ports/agent-client.ts'
import { Answers, type AnswersDeps } from '../../../../../src/roles/agent/answers/answers.ts'
import { replyText } from '../../../../../src/roles/agent/reply-text.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import * as a2a from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type OperationName, operations } from '../../../../../src/wire/operations.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { FakeAgent } from '../fakes.ts'

const ANNA = 'spiffe://south.example/agent/anna'
const BERT = 'spiffe://south.example/agent/bert'
type Made = AsyncIterable<Message>
type Handler = (request: Message, options: InvokeOptions) => Made

const words = (text: string) => [{ content: { case: 'text' as const, value: text } }]
const ask = (text: string, more: { readonly configuration?: MessageInitShape<typeof a2a.SendMessageConfigurationSchema> } = {}, id = 'm1') =>
  create(a2a.SendMessageRequestSchema, { message: { messageId: id, parts: words(text) }, ...more })
const reply = (text: string) =>
  create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: { messageId: 'r', role: a2a.Role.AGENT, parts: words(text) } } })
const taskOf = (state: a2a.TaskState, text?: string, id = 't1') => ({
  id,
  status: { state },
  artifacts: text === undefined ? [] : [{ artifactId: 'answer', parts: words(text) }]
})
const event = (payload: MessageInitShape<typeof a2a.StreamResponseSchema>['payload']) => create(a2a.StreamResponseSchema, { payload })
const status = (state: a2a.TaskState) => event({ case: 'statusUpdate', value: { taskId: 't1', status: { state } } })
const piece = (text: string, append = true) =>
  event({ case: 'artifactUpdate', value: { taskId: 't1', artifact: { artifactId: 'answer', parts: words(text) }, append } })
const notFound = () => new HansaError('TASK_NOT_FOUND', 'no such task')

/** A node with an agent that is a table of operations; `restart` is a crash: what was not committed is gone. */
function house(table: Partial<Record<OperationName, Handler>>, settings: Partial<AnswersDeps> = {}, store = new MemoryStore(), clock = new FakeClock()) {
  const client = new FakeAgent()
  const calls: OperationName[] = []
  client.answer = (operation, request, options) => {
    calls.push(operation.name)
    const handler = table[operation.name]
    if (handler === undefined) throw operation.name === 'GetTask' ? notFound() : new HansaError('UNSUPPORTED_OPERATION', 'not here')
    return handler(request, options as InvokeOptions)
  }
  const answers = new Answers({ client, clock, store, sha256, agent: () => 'flight@north.example', idempotent: true, repeatable: false, ...settings })
  answers.open()
  const invoke = (
    request: Message,
    { by = ANNA, streaming = false, inbox = false, signal = new AbortController().signal, extensions = [EXTENSIONS.idempotency] as readonly string[] } = {}
  ) => {
    const operation =
      request.$typeName === 'lf.a2a.v1.GetTaskRequest' ? operations.GetTask : streaming ? operations.SendStreamingMessage : operations.SendMessage
    return answers.invoke(operation, request, { signal, extensions, principal: by }, inbox)
  }
  return {
    answers,
    calls,
    clock,
    store,
    client,
    invoke,
    worked: () => calls.filter((name) => name.startsWith('Send')).length,
    async restart(next: Partial<Record<OperationName, Handler>> = table, more: Partial<AnswersDeps> = {}) {
      store.failNextCommit()
      await store.commit().catch(() => undefined)
      return house(next, { ...settings, ...more }, store, clock)
    }
  }
}

async function all(source: AsyncIterable<Message>): Promise<Message[]> {
  const got: Message[] = []
  for await (const one of source) got.push(one)
  return got
}
const text = async (source: AsyncIterable<Message>) => (await all(source)).map((one) => replyText(one as a2a.SendMessageResponse)).join('|')

/** An agent that answers when told to. */
function slow() {
  let finish: () => void = () => undefined
  const finished = new Promise<void>((resolve) => (finish = resolve))
  return {
    finish,
    async *answer() {
      await finished
      yield reply('booked')
    }
  }
}
const never = async function* (): AsyncGenerator<Message> {
  await new Promise(() => undefined)
  yield reply('never')
}

describe('messages that come twice', () => {
  it('are worked on once: a copy waits for the first, a later one is given its answer, also after a crash', async () => {
    const agent = slow()
    const node = house({ SendMessage: agent.answer })
    const first = text(node.invoke(ask('to Oslo')))
    const second = text(node.invoke(ask('to Oslo')))
    await node.clock.settle()
    assert.equal(node.answers.running, 1)
    agent.finish()
    assert.deepEqual([await first, await second, await text(node.invoke(ask('to Oslo')))], ['booked', 'booked', 'booked'])
    assert.equal(node.worked(), 1)
    const again = await node.restart()
    assert.equal(await text(again.invoke(ask('to Oslo'))), 'booked')
    assert.equal(await text(again.invoke(ask('to Oslo'), { streaming: true })), 'booked')
    assert.deepEqual([again.calls, again.answers.running], [[], 0])
  })

  it('are those of one sender: others may use the same ID; and another message under it is refused', async () => {
    const node = house({
      async *SendMessage(_request, { principal }) {
        yield reply(principal)
      }
    })
    assert.deepEqual([await text(node.invoke(ask('x'))), await text(node.invoke(ask('x'), { by: BERT }))], [ANNA, BERT])
    await assert.rejects(all(node.invoke(ask('y'))), { code: 'INVALID_ARGUMENT' })
    assert.equal(node.worked(), 2)
  })

  it('are copies also when an object has its members in another order, a gateway translated, or the answer is wanted otherwise', async () => {
    const node = house({
      async *SendMessage() {
        yield reply('ok')
      }
    })
    const translated = (words_: string) => ({ ...words(words_)[0], metadata: { 'urn:hansa:translated': { engine: 'x', score: words_.length } } })
    const message = (metadata: { a?: number; b?: number }, words_: string) => ({ message: { messageId: 'm', metadata, parts: [translated(words_)] } })
    await all(node.invoke(create(a2a.SendMessageRequestSchema, message({ a: 1, b: 2 }, 'one'))))
    await all(node.invoke(create(a2a.SendMessageRequestSchema, { ...message({ b: 2, a: 1 }, 'another'), configuration: { historyLength: 3 } })))
    assert.equal(node.worked(), 1)
    await assert.rejects(all(node.invoke(create(a2a.SendMessageRequestSchema, message({ a: 1, b: 3 }, 'one')))), { code: 'INVALID_ARGUMENT' })
  })

  it('go on without who asked, whose second copy gets the answer', async () => {
    const agent = slow()
    let told: AbortSignal | undefined
    const node = house({
      SendMessage(_request, { signal }) {
        told = signal
        return agent.answer()
      }
    })
    const caller = node.invoke(ask('to Oslo'))
    const first = caller.next()
    await node.clock.settle()
    const gone = caller.return()
    agent.finish()
    await Promise.all([first, gone])
    await node.clock.settle()
    assert.equal(told?.aborted, false)
    assert.equal(node.answers.running, 0)
    assert.equal(await text(node.invoke(ask('to Oslo'))), 'booked')
    assert.equal(node.worked(), 1)
  })

  it('are remembered for as long as one of them may wait in an inbox', async () => {
    const node = house({
      async *SendMessage() {
        yield reply('booked')
      }
    })
    await text(node.invoke(ask('x'), { inbox: true }))
    await node.clock.advance(MAX_TTL_MS)
    assert.equal(await text(node.invoke(ask('x'), { inbox: true })), 'booked')
    assert.equal(node.worked(), 1)
  })

  it('are not worked on for ever when nobody waits: an hour', async () => {
    const node = house({
      async *SendStreamingMessage() {
        yield piece('one', false)
        await new Promise(() => undefined)
      }
    })
    const caller = node.invoke(ask('x'), { streaming: true })
    await caller.next()
    await caller.return()
    await node.clock.advance(59 * 60_000)
    assert.equal(node.answers.running, 1)
    await node.clock.advance(2 * 60_000)
    assert.equal(node.answers.running, 0)
  })

  it('nor when the caller went before the agent had said a word', async () => {
    for (const streaming of [true, false]) {
      const node = house({ SendMessage: never, SendStreamingMessage: never })
      const gone = new AbortController()
      const caller = node.invoke(ask('x'), { streaming, signal: gone.signal })
      const first = caller.next()
      const copy = text(node.invoke(ask('x'), { streaming }))
      await node.clock.settle()
      gone.abort(new HansaError('CANCELED', 'it has gone'))
      void caller.return()
      await node.clock.advance(59 * 60_000)
      assert.equal(node.answers.running, 1)
      await Promise.all([assert.rejects(copy, { code: 'DEADLINE_EXCEEDED' }), assert.rejects(first), node.clock.advance(2 * 60_000)])
      assert.equal(node.answers.running, 0)
      await assert.rejects(text(node.invoke(ask('x'))), { code: 'OUTCOME_UNKNOWN' })
    }
  })

  it('of a caller that does not ask for the extension are passed on as they are, and nothing is written', async () => {
    const node = house({
      SendMessage: async function* () {
        yield reply('done')
      }
    })
    for (let copy = 0; copy < 2; copy++) for await (const _ of node.invoke(ask('go'), { extensions: [] }));
    assert.equal(node.worked(), 2)
    assert.equal(node.store.count('answers'), 0)
  })

  it('of an agent that is not idempotent are passed on as they are', async () => {
    const node = house(
      {
        async *SendMessage() {
          yield reply('ok')
        }
      },
      { idempotent: false }
    )
    await all(node.invoke(ask('x')))
    await all(node.invoke(ask('x')))
    assert.deepEqual([node.worked(), node.store.count('answers')], [2, 0])
  })
})

describe('a crash of the node while the agent works', () => {
  it('makes the outcome unknown, and says so', async () => {
    const node = house({ SendMessage: never })
    void node.invoke(ask('pay')).next()
    await node.clock.settle()
    const again = await node.restart()
    await assert.rejects(all(again.invoke(ask('pay'))), { code: 'OUTCOME_UNKNOWN', metadata: { agent: 'flight@north.example' } })
    await assert.rejects(all(again.invoke(ask('pay'), { inbox: true })), { code: 'OUTCOME_UNKNOWN' })
    assert.deepEqual(again.calls, [])
  })

  it('has it worked on again where that does no harm', async () => {
    const node = house({ SendMessage: never })
    void node.invoke(ask('look')).next()
    await node.clock.settle()
    const again = await node.restart({ SendMessage: slow().answer }, { repeatable: true })
    void again.invoke(ask('look')).next()
    await again.clock.settle()
    assert.equal(again.worked(), 1)
  })

  it('has a message of an inbox given to an ordinary agent again: at least once', async () => {
    const node = house({ SendMessage: never }, { idempotent: false })
    void node.invoke(ask('look'), { inbox: true }).next()
    await node.clock.settle()
    const agent = slow()
    const again = await node.restart({ SendMessage: agent.answer })
    agent.finish()
    assert.equal(await text(again.invoke(ask('look'), { inbox: true })), 'booked')
    assert.equal(await text(again.invoke(ask('look'), { inbox: true })), 'booked')
    assert.equal(again.worked(), 1)
  })

  it('lets a copy follow the task that the agent still has', async () => {
    const node = house({
      async *SendStreamingMessage() {
        yield event({ case: 'task', value: taskOf(a2a.TaskState.WORKING) })
        await new Promise(() => undefined)
      }
    })
    await node.invoke(ask('pay'), { streaming: true }).next()
    await node.clock.settle()
    const again = await node.restart({
      async *GetTask() {
        yield create(a2a.TaskSchema, taskOf(a2a.TaskState.COMPLETED, 'paid'))
      }
    })
    assert.equal(again.answers.ownerOf('t1'), ANNA)
    assert.equal(await text(again.invoke(ask('pay'))), 'paid')
    const third = await again.restart({})
    assert.equal(await text(third.invoke(ask('pay'), { streaming: true })), 'paid')
    assert.deepEqual([again.calls, third.calls], [['GetTask'], []])
  })

  it('does not take the task for a message that goes on with it, unless the agent has that message', async () => {
    const node = house({ SendMessage: never })
    const answer = create(a2a.SendMessageRequestSchema, { message: { messageId: 'm2', taskId: 't1', parts: words('12A') } })
    void node.invoke(answer).next()
    await node.clock.settle()
    const has = (...ids: string[]): Handler =>
      async function* () {
        yield create(a2a.TaskSchema, { ...taskOf(a2a.TaskState.COMPLETED, 'seat 12A'), history: ids.map((messageId) => ({ messageId })) })
      }
    const without = await node.restart({ GetTask: has('m1') })
    await assert.rejects(all(without.invoke(answer)), { code: 'OUTCOME_UNKNOWN' })
    const within = await node.restart({ GetTask: has('m1', 'm2') })
    assert.equal(await text(within.invoke(answer)), 'seat 12A')
  })
})

describe('tasks in the book', () => {
  const streamed: Handler = async function* () {
    yield event({ case: 'task', value: taskOf(a2a.TaskState.WORKING) })
    yield piece('one ', false)
    yield piece('two')
    yield status(a2a.TaskState.COMPLETED)
  }

  it('are put together from their events, and told whole to whoever asks later; GetTask, too, when the agent has forgotten them', async () => {
    const node = house({ SendStreamingMessage: streamed })
    assert.equal((await all(node.invoke(ask('x'), { streaming: true }))).length, 4)
    const again = await node.restart({})
    assert.equal(await text(again.invoke(ask('x'))), 'one two')
    const get = create(a2a.GetTaskRequestSchema, { id: 't1' })
    const [task] = (await all(again.invoke(get))) as a2a.Task[]
    assert.deepEqual([task?.status?.state, task?.artifacts[0]?.parts.length], [a2a.TaskState.COMPLETED, 1])
    await assert.rejects(all(again.invoke(get, { by: BERT })), { code: 'TASK_NOT_FOUND' })
    await assert.rejects(all(again.invoke(create(a2a.GetTaskRequestSchema, { id: 't2' }))), { code: 'TASK_NOT_FOUND' })
  })

  it('are followed by a streaming copy while they run', async () => {
    const agent = slow()
    const node = house({
      async *SendStreamingMessage() {
        yield event({ case: 'task', value: taskOf(a2a.TaskState.WORKING) })
        for await (const _ of agent.answer()) yield piece('all', false)
        yield status(a2a.TaskState.COMPLETED)
      },
      async *SubscribeToTask() {
        yield event({ case: 'task', value: taskOf(a2a.TaskState.WORKING) })
        for await (const _ of agent.answer()) yield status(a2a.TaskState.COMPLETED)
      }
    })
    const first = all(node.invoke(ask('x'), { streaming: true }))
    await node.clock.settle()
    const second = all(node.invoke(ask('x'), { streaming: true }))
    const third = text(node.invoke(ask('x')))
    await node.clock.settle()
    agent.finish()
    assert.deepEqual([(await first).length, (await second).length, await third], [3, 2, 'all'])
    assert.deepEqual(node.calls, ['SendStreamingMessage', 'SubscribeToTask'])
  })

  it('that the agent answered with before they were over are told as the agent has them now', async () => {
    const node = house({
      async *SendMessage() {
        yield create(a2a.SendMessageResponseSchema, { payload: { case: 'task', value: taskOf(a2a.TaskState.WORKING) } })
      },
      async *GetTask() {
        yield create(a2a.TaskSchema, taskOf(a2a.TaskState.COMPLETED, 'done'))
      }
    })
    await all(node.invoke(ask('x', { configuration: { returnImmediately: true } })))
    assert.equal(await text(node.invoke(ask('x'))), 'done')
    assert.equal(await text(node.invoke(ask('x'))), 'done')
    assert.deepEqual(node.calls, ['SendMessage', 'GetTask'])
  })

  it('above 1 MiB are kept as their ID', async () => {
    const node = house({
      async *SendStreamingMessage() {
        yield piece('x'.repeat(700_000), false)
        yield piece('y'.repeat(700_000))
        yield status(a2a.TaskState.COMPLETED)
      },
      async *GetTask() {
        yield create(a2a.TaskSchema, taskOf(a2a.TaskState.COMPLETED, 'long'))
      }
    })
    await all(node.invoke(ask('x'), { streaming: true }))
    assert.equal(await text(node.invoke(ask('x'))), 'long')
    const again = await node.restart({})
    await assert.rejects(all(again.invoke(ask('x'))), { code: 'TASK_NOT_FOUND' })
  })
})

describe('failures', () => {
  const failing = (error: Error): Handler =>
    async function* () {
      if (error instanceof Error) throw error
      yield reply('')
    }

  it('of the agent are the answer of every copy', async () => {
    const node = house({ SendMessage: failing(new HansaError('CONTENT_TYPE_NOT_SUPPORTED', 'no pictures', { type: 'image/png' })) })
    const refused = { code: 'CONTENT_TYPE_NOT_SUPPORTED', message: 'no pictures', metadata: { type: 'image/png' } }
    await assert.rejects(all(node.invoke(ask('x'))), refused)
    const again = await node.restart()
    await assert.rejects(all(again.invoke(ask('x'))), refused)
    assert.deepEqual(again.calls, [])
  })

  const untouched: readonly (readonly [string, HansaError])[] = [
    ['has no time now', new HansaError('OVERLOADED', 'busy')],
    ['cannot be connected to', new HansaError('AGENT_UNREACHABLE', 'down', {}, Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))]
  ]
  for (const [what, error] of untouched)
    it(`of an agent that ${what} leave the message to be sent again`, async () => {
      let failure: Error | undefined = error
      const node = house({
        async *SendMessage() {
          if (failure !== undefined) throw failure
          yield reply('ok')
        }
      })
      await assert.rejects(all(node.invoke(ask('x'))), { code: error.code })
      failure = undefined
      assert.equal(await text(node.invoke(ask('x'))), 'ok')
    })

  it('of the way to the agent make the outcome unknown', async () => {
    const node = house({ SendMessage: failing(new HansaError('AGENT_UNREACHABLE', 'reset', {}, Object.assign(new Error('reset'), { code: 'ECONNRESET' }))) })
    await assert.rejects(all(node.invoke(ask('x'))), { code: 'AGENT_UNREACHABLE' })
    await assert.rejects(all(node.invoke(ask('x'))), { code: 'OUTCOME_UNKNOWN' })
  })

  it('of the disk: before, the agent hears nothing; after, nobody is told an answer that is not kept', async () => {
    const node = house({
      async *SendMessage() {
        yield reply('ok')
      }
    })
    node.store.failNextCommit()
    await assert.rejects(all(node.invoke(ask('x'))), { code: 'STORE_FAILED' })
    assert.equal(node.worked(), 0)
    const other = house({
      async *SendMessage() {
        other.store.failNextCommit()
        yield reply('ok')
      }
    })
    await assert.rejects(all(other.invoke(ask('x'))), { code: 'STORE_FAILED' })
    await assert.rejects(all(other.invoke(ask('x'))), { code: 'OUTCOME_UNKNOWN' })
    assert.equal(other.worked(), 1)
  })

  it('of an agent that answers twice are said again, not its first answer', async () => {
    const node = house({
      async *SendMessage() {
        yield reply('one')
        yield reply('two')
      }
    })
    for (let copy = 0; copy < 2; copy++) await assert.rejects(all(node.invoke(ask('x'))), { code: 'INVALID_AGENT_RESPONSE' })
    assert.equal(node.worked(), 1)
  })
})
