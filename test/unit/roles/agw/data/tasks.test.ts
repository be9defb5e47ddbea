import assert from 'node:assert/strict'
import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { ServerStream } from '../../../../../src/ports/rpc.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import type { RelayHeader } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import {
  GetTaskRequestSchema,
  ListTasksRequestSchema,
  type ListTasksResponse,
  ListTasksResponseSchema,
  SendMessageResponseSchema,
  StreamResponseSchema,
  TaskSchema
} from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type OperationName, operations } from '../../../../../src/wire/operations.ts'
import { collect, EAST, type Gateway, NORTH, say, SOUTH, World } from './world.ts'

describe('tasks belong to who began them (A2A 13.1)', () => {
  let world: World
  let north: Gateway
  let east: Gateway
  let south: Gateway
  let handle: string
  let asked: string[]

  beforeEach(async () => {
    world = new World()
    asked = []
    ;[north, east, south] = [world.gateway(NORTH), world.gateway(EAST), world.gateway(SOUTH)]
    for (const { plane } of [north, east, south]) await plane.start()
    handle = world.agent('worker', south, work)
    world.route(handle, north, south)
    world.route(handle, east, south)
  })

  /** An agent that does not care who calls. */
  async function work(stream: ServerStream, header: RelayHeader): Promise<void> {
    const bytes = (await readMessage(stream, 1e6)) ?? new Uint8Array()
    asked.push(header.operation)
    const task = { id: 'task of north', contextId: 'c' }
    const answers: Partial<Record<OperationName, () => Uint8Array>> = {
      SendMessage: () => toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: task } })),
      SendStreamingMessage: () =>
        toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 'streamed', contextId: 'c' } } })),
      GetTask: () => toBinary(TaskSchema, create(TaskSchema, { id: fromBinary(GetTaskRequestSchema, bytes).id })),
      CancelTask: () => toBinary(TaskSchema, create(TaskSchema, { id: 'canceled' })),
      SubscribeToTask: () => toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'task', value: task } })),
      ListTasks: () => toBinary(ListTasksResponseSchema, create(ListTasksResponseSchema, { tasks: [task, { id: 'secret' }], totalSize: 2, nextPageToken: 'n' }))
    }
    await writeMessage(stream, answers[header.operation as OperationName]?.() ?? new Uint8Array())
  }

  function ask(from: Gateway, name: OperationName, message: Message): Promise<Message[]> {
    const operation = operations[name]
    const { signal } = new AbortController()
    return collect(from.plane.door.call({ principal: from.identity, target: handle, operation, message, extensions: [], signal }))
  }
  const byId = (name: OperationName, id: string): Message => create(operations[name].request, { id } as never)

  for (const name of ['GetTask', 'CancelTask', 'SubscribeToTask'] as const)
    it(`${name} serves the owner and tells others that there is no such task, without asking the agent`, async () => {
      await ask(north, 'SendMessage', say('work'))
      assert.equal((await ask(north, name, byId(name, 'task of north'))).length, 1)
      asked = []
      await assert.rejects(ask(east, name, byId(name, 'task of north')), { code: 'TASK_NOT_FOUND' })
      await assert.rejects(ask(north, name, byId(name, 'never seen')), { code: 'TASK_NOT_FOUND' })
      assert.deepEqual(asked, [])
    })

  it('learns tasks from events of a stream', async () => {
    await ask(north, 'SendStreamingMessage', say('work'))
    assert.equal((await ask(north, 'GetTask', byId('GetTask', 'streamed'))).length, 1)
  })

  it('lists only the own ones', async () => {
    await ask(north, 'SendMessage', say('work'))
    const list = async (from: Gateway) => ((await ask(from, 'ListTasks', create(ListTasksRequestSchema)))[0] as ListTasksResponse).tasks.map(({ id }) => id)
    assert.deepEqual(await list(north), ['task of north'])
    assert.deepEqual(await list(east), [])
  })

  it('does not hand a task over to who names it later', async () => {
    await ask(north, 'SendMessage', say('work'))
    await ask(east, 'SendMessage', say('the same task, please'))
    await assert.rejects(ask(east, 'GetTask', byId('GetTask', 'task of north')), { code: 'TASK_NOT_FOUND' })
  })
})
