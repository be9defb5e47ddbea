import assert from 'node:assert/strict'
import { SendMessageRequest, TaskPushNotificationConfig } from '@a2a-js/sdk'
import { LegacyGrpcTransport } from '@a2a-js/sdk/compat/v0_3/client/grpc'
import { LegacyA2AService } from '@a2a-js/sdk/compat/v0_3/server/grpc'
import { create, type Message } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { createGrpcTransport } from '../../../src/adapters/grpc/grpc-transport.ts'
import type { AgentFace, AgentTransport } from '../../../src/ports/agent-client.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { GRPC_BINDINGS } from '../../../src/wire/binding/a2a-grpc.ts'
import { operations } from '../../../src/wire/operations.ts'
import { versatile } from '../../fixtures/agents/versatile.ts'
import { type Served, serveGrpc } from '../../support/sdk-servers.ts'
import { FakeDoor, replyOf } from '../http/fake-door.ts'
import { AGENT, type DoorServer, serveDoor } from './door-server.ts'

const REQUEST = SendMessageRequest.fromJSON({
  message: {
    messageId: 'm1',
    role: 'ROLE_USER',
    parts: [{ text: 'hello' }, { raw: 'AAEC', mediaType: 'image/png' }, { data: { seats: 2 } }],
    metadata: { channel: 'phone' }
  }
})
const task = { id: 't1', contextId: 'c1', status: { state: a2a.TaskState.CANCELED, timestamp: { seconds: 1_700_000_000n, nanos: 0 } } }
const hook = { taskId: 't1', id: 'p1', url: 'https://hook.example/', token: 'k', authentication: { scheme: 'Bearer', credentials: 'x' } }
const ASKED = { taskId: 't1', id: 'p1', tenant: '' }

async function all<T>(responses: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const response of responses) found.push(response)
  return found
}

describe('A2A 0.3 over gRPC', () => {
  describe("the SDK's client of 0.3 at the gateway's door", () => {
    let door: FakeDoor
    let served: DoorServer

    beforeEach(async () => {
      door = new FakeDoor()
      served = await serveDoor(door)
    })
    afterEach(() => served.close())

    const client = (host?: string) => new LegacyGrpcTransport({ endpoint: served.address, ...(host === undefined ? {} : { grpcCallOptions: { host } }) })
    const by = { serviceParameters: { 'x-hansa-agent': AGENT } }
    const answering = (...responses: Message[]): void => {
      door.answer = async function* () {
        await Promise.resolve()
        yield* responses
      }
    }

    it('names the agent in metadata, or by the host that it calls', async () => {
      for (const [host, options] of [
        [undefined, by],
        ['flight.north.example', undefined],
        ['Flight.north.example:7400', undefined]
      ] as const) {
        const answer = await client(host).sendMessage(REQUEST, options)
        assert.match(JSON.stringify(answer), /you said hello/)
      }
      assert.deepEqual(
        door.calls.map(({ target }) => target),
        [AGENT, AGENT, AGENT]
      )
      const { message } = door.calls[0]?.message as a2a.SendMessageRequest
      assert.deepEqual(message?.metadata, { channel: 'phone' })
      assert.deepEqual(
        message.parts.map(({ content, mediaType }) => [content.case, mediaType]),
        [
          ['text', ''],
          ['raw', 'image/png'],
          ['data', '']
        ]
      )
    })

    it('is told how to name one when it names none', async () => {
      await assert.rejects(client().sendMessage(REQUEST), /x-hansa-agent/)
    })

    it('reads a stream event by event', async () => {
      const artifact = { artifactId: 'a1', name: 'count', parts: [{ content: { case: 'text' as const, value: 'piece' } }] }
      const events = [
        { case: 'task' as const, value: task },
        { case: 'artifactUpdate' as const, value: { taskId: 't1', contextId: 'c1', append: true, artifact } },
        { case: 'statusUpdate' as const, value: { taskId: 't1', contextId: 'c1', status: task.status } },
        { case: 'message' as const, value: replyOf('done') }
      ]
      answering(...events.map((payload) => create(a2a.StreamResponseSchema, { payload })))
      for (const stream of [client().sendMessageStream(REQUEST, by), client().resubscribeTask({ id: 't1', tenant: '' }, by)]) {
        const seen = await all(stream)
        assert.deepEqual(
          seen.map((event) => event.payload?.$case),
          ['task', 'artifactUpdate', 'statusUpdate', 'message']
        )
      }
      assert.deepEqual((door.calls[1]?.message as a2a.SubscribeToTaskRequest).id, 't1')
    })

    it('asks for a task, cancels it, and keeps its webhooks', async () => {
      answering(create(a2a.TaskSchema, task))
      assert.equal((await client().getTask({ id: 't1', tenant: '', historyLength: 3 }, by)).id, 't1')
      assert.equal((door.calls[0]?.message as a2a.GetTaskRequest).historyLength, 3)
      assert.equal((await client().cancelTask({ id: 't1', tenant: '', metadata: undefined }, by)).status?.timestamp, '2023-11-14T22:13:20.000Z')
      answering(create(a2a.TaskPushNotificationConfigSchema, hook))
      const wanted = TaskPushNotificationConfig.fromJSON(hook)
      const made = await client().createTaskPushNotificationConfig(wanted, by)
      assert.deepEqual([made.taskId, made.id, made.url, made.authentication?.scheme], ['t1', 'p1', hook.url, 'Bearer'])
      const { taskId, id, url, token, authentication } = door.calls.at(-1)?.message as a2a.TaskPushNotificationConfig
      assert.deepEqual([taskId, id, url, token, authentication?.credentials], ['t1', 'p1', hook.url, 'k', 'x'])
      assert.equal((await client().getTaskPushNotificationConfig(ASKED, by)).token, 'k')
      answering(create(a2a.ListTaskPushNotificationConfigsResponseSchema, { configs: [hook] }))
      assert.equal((await client().listTaskPushNotificationConfig({ taskId: 't1', tenant: '', pageSize: 0, pageToken: '' }, by)).configs.length, 1)
      answering(create(EmptySchema))
      await client().deleteTaskPushNotificationConfig(ASKED, by)
      assert.deepEqual((door.calls.at(-1)?.message as a2a.DeleteTaskPushNotificationConfigRequest).id, 'p1')
    })

    it('reads the extended card as 0.3 writes it', async () => {
      const supportedInterfaces = [{ url: 'http://x/', protocolBinding: 'JSONRPC', protocolVersion: '0.3' }]
      const http = { scheme: { case: 'httpAuthSecurityScheme' as const, value: { scheme: 'Bearer' } } }
      answering(create(a2a.AgentCardSchema, { name: 'Flight', supportedInterfaces, capabilities: { streaming: true }, securitySchemes: { web: http } }))
      const card = await client().getExtendedAgentCard({ tenant: '' }, by)
      assert.equal(card.name, 'Flight')
      assert.equal(card.securitySchemes['web']?.scheme?.$case, 'httpAuthSecurityScheme')
    })

    it('understands an error of A2A', async () => {
      door.answer = () => {
        throw new HansaError('TASK_NOT_FOUND', 'no such task')
      }
      await assert.rejects(client().getTask({ id: 't1', tenant: '', historyLength: undefined }, by), { name: 'TaskNotFoundError' })
    })

    it('may not say that it speaks another version', async () => {
      const parameters = { ...by.serviceParameters, 'a2a-version': '1.0' }
      await assert.rejects(client().sendMessage(REQUEST, { serviceParameters: parameters }), { name: 'VersionNotSupportedError' })
      await client().sendMessage(REQUEST, { serviceParameters: { ...parameters, 'a2a-version': '0.3' } })
    })

    it('hands on extensions by their old name', async () => {
      await client().sendMessage(REQUEST, { serviceParameters: { ...by.serviceParameters, 'x-a2a-extensions': 'https://a.example/x' } })
      assert.deepEqual(door.calls[0]?.extensions, ['https://a.example/x'])
    })
  })

  describe("an agent of the SDK's that speaks 0.3 alone", () => {
    let transport: AgentTransport
    let served: Served
    const executor = versatile()

    before(async () => {
      transport = createGrpcTransport()
      served = await serveGrpc(executor, '0.3')
    })
    after(async () => {
      executor.finish()
      await transport.close?.()
      await served.close()
    })

    const face = (): AgentFace => ({ url: new URL(`grpc://${served.url}`), binding: 'GRPC', version: '0.3', tenant: '' })
    const options = { signal: new AbortController().signal, extensions: [], principal: 'spiffe://south.example/agent/desk' }
    const ask = (name: keyof typeof operations, request: Message) => all(transport.invoke(face(), operations[name], request, options))
    const say = (text: string): Message =>
      create(a2a.SendMessageRequestSchema, { message: { ...replyOf(text), messageId: crypto.randomUUID(), role: a2a.Role.USER } })

    it('answers, streams, and lets its tasks be canceled', async () => {
      assert.match(JSON.stringify(await ask('SendMessage', say('over 0.3'))), /over 0\.3/)
      const events = (await ask('SendStreamingMessage', say('5'))) as a2a.StreamResponse[]
      assert.equal(events.filter(({ payload }) => payload.case === 'artifactUpdate').length, 5)
      let id = ''
      let last: a2a.StreamResponse | undefined
      for await (const event of transport.invoke(face(), operations.SendStreamingMessage, say('wait'), options)) {
        last = event as a2a.StreamResponse
        if (last.payload.case !== 'task') continue
        id = last.payload.value.id
        const [canceled] = (await ask('CancelTask', create(a2a.CancelTaskRequestSchema, { id }))) as a2a.Task[]
        assert.equal(canceled?.status?.state, a2a.TaskState.CANCELED)
      }
      assert.equal(last?.payload.case === 'statusUpdate' && last.payload.value.status?.state, a2a.TaskState.CANCELED)
      const [task] = (await ask('GetTask', create(a2a.GetTaskRequestSchema, { id }))) as a2a.Task[]
      assert.equal(task?.status?.state, a2a.TaskState.CANCELED)
      const push = { taskId: id, id: 'p1', url: 'https://hook.example/', token: 'k' }
      await ask('CreateTaskPushNotificationConfig', create(a2a.TaskPushNotificationConfigSchema, push))
      const [listed] = (await ask(
        'ListTaskPushNotificationConfigs',
        create(a2a.ListTaskPushNotificationConfigsRequestSchema, { taskId: id })
      )) as a2a.ListTaskPushNotificationConfigsResponse[]
      assert.deepEqual(
        listed?.configs.map(({ taskId, id, url, token }) => ({ taskId, id, url, token })),
        [push]
      )
      await ask('DeleteTaskPushNotificationConfig', create(a2a.DeleteTaskPushNotificationConfigRequestSchema, { taskId: id, id: 'p1' }))
    }).timeout(10_000)

    it('gives its extended card and its errors', async () => {
      const [card] = (await ask('GetExtendedAgentCard', create(a2a.GetExtendedAgentCardRequestSchema))) as a2a.AgentCard[]
      assert.equal(card?.name, 'All')
      assert.deepEqual(card.supportedInterfaces[0]?.protocolVersion, '0.3')
      await assert.rejects(ask('GetTask', create(a2a.GetTaskRequestSchema, { id: 'none' })), { code: 'TASK_NOT_FOUND' })
    })

    it('is not asked for what 0.3 had not, or cannot say', async () => {
      await assert.rejects(ask('ListTasks', create(a2a.ListTasksRequestSchema)), { code: 'UNSUPPORTED_OPERATION' })
      await assert.rejects(ask('GetTask', create(a2a.GetTaskRequestSchema, { id: 'a/b' })), { code: 'INVALID_ARGUMENT' })
    })
  })

  it('writes the bytes of the reference codec', async () => {
    const request = create(a2a.SendMessageRequestSchema, {
      message: {
        ...replyOf('hello'),
        role: a2a.Role.USER,
        contextId: 'c1',
        taskId: 't1',
        metadata: { a: [1, { b: true }] },
        extensions: ['https://a.example/x']
      },
      configuration: { acceptedOutputModes: ['text/plain'], historyLength: 4, taskPushNotificationConfig: hook }
    })
    const ours = Buffer.from(GRPC_BINDINGS['0.3'].renderRequest(operations.SendMessage, request, ''))
    const { requestDeserialize, requestSerialize, path } = LegacyA2AService.sendMessage
    assert.deepEqual(requestSerialize(requestDeserialize(ours)), ours)
    assert.equal(path, GRPC_BINDINGS['0.3'].path(operations.SendMessage))
    const again = GRPC_BINDINGS['0.3'].parseRequest(operations.SendMessage, ours).message as a2a.SendMessageRequest
    assert.equal(again.configuration?.taskPushNotificationConfig?.token, 'k')
  })
})
