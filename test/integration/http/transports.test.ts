import assert from 'node:assert/strict'
import { create, type Message } from '@bufbuild/protobuf'
import { createCardClient } from '../../../src/adapters/http/card-client.ts'
import { createJsonRpcTransport } from '../../../src/adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../../../src/adapters/http/rest-transport.ts'
import type { AgentClient } from '../../../src/ports/agent-client.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { parseCard } from '../../../src/wire/binding/agent-card.ts'
import { operations } from '../../../src/wire/operations.ts'
import { counter } from '../../fixtures/agents/counter.ts'
import { echo } from '../../fixtures/agents/echo.ts'
import { waiter } from '../../fixtures/agents/waiter.ts'
import { type BoundAgent, bindSdkAgent } from '../../support/sdk-bindings.ts'

const PRINCIPAL = 'spiffe://north.example/agent/a'
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const options = (signal = new AbortController().signal) => ({
  signal,
  extensions: ['urn:e'],
  principal: PRINCIPAL,
  traceparent: TRACEPARENT,
  tracestate: 'k=v'
})
const say = (text: string, more: object = {}, configuration: object = {}): Message => {
  const message = { messageId: 'm1', role: a2a.Role.USER, parts: [{ content: { case: 'text' as const, value: text } }], ...more }
  return create(a2a.SendMessageRequestSchema, { message, configuration })
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

async function until(what: () => boolean): Promise<void> {
  for (const before = performance.now(); !what();) {
    assert.ok(performance.now() - before < 1_000, 'not within a second')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

for (const binding of ['JSONRPC', 'HTTP+JSON'] as const)
  for (const version of ['1.0', '0.3'] as const)
    describe(`an agent of the A2A SDK that speaks ${version} on ${binding} only`, () => {
      let agent: BoundAgent
      let client: AgentClient
      const serve = async (executor: Parameters<typeof bindSdkAgent>[2]): Promise<void> => {
        agent = await bindSdkAgent(binding, version, executor)
        client = createCardClient({ card: agent.card, transports: [createJsonRpcTransport(), createRestTransport()] })
      }
      afterEach(() => agent.close())

      it('shows its card, whichever version wrote it', async () => {
        await serve(echo)
        const [face] = parseCard(await client.card(new AbortController().signal)).supportedInterfaces
        assert.deepEqual([face?.protocolBinding, face?.protocolVersion.slice(0, 3)], [binding, version])
        assert.equal(await client.probe(new AbortController().signal), true)
      })

      it('answers a message, and is told the version, who calls, the trace and the extensions', async () => {
        await serve(echo)
        const [answer] = await collect(client.invoke(operations.SendMessage, say('hello', { contextId: 'c1' }), options()))
        const { payload } = answer as a2a.SendMessageResponse
        assert.ok(payload.case === 'message')
        assert.deepEqual([payload.value.parts[0]?.content.value, payload.value.contextId], ['hello', 'c1'])
        const { headers } = agent.requests[0] ?? assert.fail()
        assert.equal(headers['a2a-version'], version)
        assert.equal(headers[version === '1.0' ? 'a2a-extensions' : 'x-a2a-extensions'], 'urn:e')
        assert.deepEqual([headers['x-hansa-principal'], headers['traceparent'], headers['tracestate']], [PRINCIPAL, TRACEPARENT, 'k=v'])
      })

      it('streams', async () => {
        await serve(counter)
        const events = (await collect(client.invoke(operations.SendStreamingMessage, say('20 100000'), options()))) as a2a.StreamResponse[]
        assert.equal(events.filter(({ payload }) => payload.case === 'artifactUpdate').length, 20)
        const { payload } = events.at(-1) ?? assert.fail()
        assert.ok(payload.case === 'statusUpdate')
        assert.equal(payload.value.status?.state, a2a.TaskState.COMPLETED)
      })

      it('works on when only the stream is cut, can be followed again, and canceled', async () => {
        const executor = waiter()
        await serve(executor)
        const cut = new AbortController()
        const stream = client.invoke(operations.SendStreamingMessage, say('wait'), options(cut.signal))[Symbol.asyncIterator]()
        const { payload } = (await stream.next()).value as a2a.StreamResponse
        const id = payload.case === 'task' ? payload.value.id : assert.fail()
        cut.abort(new HansaError('CANCELED', 'enough'))
        await assert.rejects(
          async () => {
            while (!(await stream.next()).done);
          },
          { code: 'CANCELED' }
        )
        await until(() => agent.open() === 0)
        assert.equal(executor.running(), 1, 'a stream is not its task')
        const again = client.invoke(operations.SubscribeToTask, create(a2a.SubscribeToTaskRequestSchema, { id }), options())[Symbol.asyncIterator]()
        assert.equal((await again.next()).done, false)
        await again.return?.()
        await until(() => agent.open() === 0)
        const [got] = await collect(client.invoke(operations.GetTask, create(a2a.GetTaskRequestSchema, { id, historyLength: 1 }), options()))
        assert.equal((got as a2a.Task).id, id)
        const [canceled] = await collect(client.invoke(operations.CancelTask, create(a2a.CancelTaskRequestSchema, { id }), options()))
        assert.equal((canceled as a2a.Task).status?.state, a2a.TaskState.CANCELED)
      })

      it('keeps webhooks', async () => {
        const executor = waiter()
        await serve(executor)
        const [first] = (await collect(
          client.invoke(operations.SendMessage, say('wait', {}, { returnImmediately: true }), options())
        )) as a2a.SendMessageResponse[]
        const taskId = first?.payload.case === 'task' ? first.payload.value.id : assert.fail()
        const config = { taskId, id: 'p1', url: 'http://127.0.0.1:1/hook', token: 'k' }
        const [made] = await collect(
          client.invoke(operations.CreateTaskPushNotificationConfig, create(a2a.TaskPushNotificationConfigSchema, config), options())
        )
        const { id, url, token } = made as a2a.TaskPushNotificationConfig
        assert.deepEqual([(made as a2a.TaskPushNotificationConfig).taskId, id, url, token], [taskId, 'p1', config.url, 'k'])
        const byId = { taskId, id: 'p1' }
        const [got] = await collect(
          client.invoke(operations.GetTaskPushNotificationConfig, create(a2a.GetTaskPushNotificationConfigRequestSchema, byId), options())
        )
        assert.equal((got as a2a.TaskPushNotificationConfig).url, config.url)
        const list = () =>
          collect(client.invoke(operations.ListTaskPushNotificationConfigs, create(a2a.ListTaskPushNotificationConfigsRequestSchema, { taskId }), options()))
        assert.equal(((await list())[0] as a2a.ListTaskPushNotificationConfigsResponse).configs[0]?.id, 'p1')
        await collect(client.invoke(operations.DeleteTaskPushNotificationConfig, create(a2a.DeleteTaskPushNotificationConfigRequestSchema, byId), options()))
        assert.equal(((await list())[0] as a2a.ListTaskPushNotificationConfigsResponse).configs.length, 0)
        executor.finish()
      })

      it('lists its tasks where its version can', async () => {
        await serve(echo)
        const list = collect(client.invoke(operations.ListTasks, create(a2a.ListTasksRequestSchema, { pageSize: 5, includeArtifacts: true }), options()))
        if (version === '1.0') assert.equal(((await list)[0] as a2a.ListTasksResponse).totalSize, 0)
        else await assert.rejects(list, { code: 'UNSUPPORTED_OPERATION' })
      })

      it('keeps its own errors, and is missed when it is gone', async () => {
        await serve(echo)
        const ask = () => collect(client.invoke(operations.GetTask, create(a2a.GetTaskRequestSchema, { id: 'no/ne' }), options()))
        await assert.rejects(ask(), { code: 'TASK_NOT_FOUND' })
        await agent.close()
        await assert.rejects(ask(), { code: 'AGENT_UNREACHABLE' })
        assert.equal(await client.probe(new AbortController().signal), false)
      })
    })
