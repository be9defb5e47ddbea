import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { create, fromBinary, type MessageInitShape, type Message, toBinary } from '@bufbuild/protobuf'
import type { ServerStream } from '../../../../../src/ports/rpc.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import type { RelayHeader } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { PushDeps } from '../../../../../src/roles/agw/data/data-plane.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import { type OperationName, operations } from '../../../../../src/wire/operations.ts'
import { MemoryStore } from '../../../../support/memory-store.ts'
import { collect, EAST, type Gateway, NORTH, SOUTH, World } from './world.ts'

interface Posted {
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

const CLIENT = {
  url: 'https://client.example/hook',
  token: 'secret token',
  authentication: { scheme: 'Bearer', credentials: 'secret' }
} satisfies MessageInitShape<typeof a2a.TaskPushNotificationConfigSchema>

describe('webhooks of clients across gateways (A2A push notifications)', () => {
  let world: World
  let north: Gateway
  let east: Gateway
  let south: Gateway
  let handle: string
  let posted: Posted[]
  let stores: Map<string, MemoryStore>
  /** Configurations as the agent holds them. */
  let held: a2a.TaskPushNotificationConfig[]
  let ids: number

  function push(domain: string): PushDeps {
    const store = stores.get(domain) ?? new MemoryStore()
    stores.set(domain, store)
    return {
      store,
      mac: (data) => createHmac('sha256', domain).update(data).digest(),
      newId: () => `${domain.replaceAll('.', '')}${String(ids++).padStart(20, '0')}`,
      ingress: () => `http://gw.${domain}:7400`,
      sender: {
        check: (url) => {
          if (url.includes('10.0.0.1')) throw new HansaError('INVALID_ARGUMENT', 'a private address', { field: 'url' })
        },
        post: async ({ url, body, headers }) => void posted.push({ url, body, headers })
      }
    }
  }

  beforeEach(async () => {
    world = new World()
    stores = new Map()
    posted = []
    held = []
    ids = 0
    ;[north, east, south] = [NORTH, EAST, SOUTH].map((domain) => world.gateway(domain, {}, { push: push(domain) })) as [Gateway, Gateway, Gateway]
    for (const { plane } of [north, east, south]) await plane.start()
    handle = world.agent('worker', south, work)
    world.route(handle, north, south)
    world.route(handle, east, south)
    await ask(north, 'SendMessage', create(a2a.SendMessageRequestSchema, { message: { messageId: 'm', role: a2a.Role.USER } }))
  })

  /** Keeps webhooks as an agent does. */
  async function work(stream: ServerStream, header: RelayHeader): Promise<void> {
    const name = header.operation as OperationName
    const request = fromBinary(operations[name].request, (await readMessage(stream, 1e6)) ?? new Uint8Array())
    await writeMessage(stream, toBinary(operations[name].response, answer(name, request)))
  }

  function answer(name: OperationName, request: Message): Message {
    const keep = (config: a2a.TaskPushNotificationConfig): a2a.TaskPushNotificationConfig => {
      const kept = create(a2a.TaskPushNotificationConfigSchema, { ...config, id: config.id || `config ${held.length}`, taskId: 'task' })
      held.push(kept)
      return kept
    }
    switch (name) {
      case 'CreateTaskPushNotificationConfig':
        return keep(request as a2a.TaskPushNotificationConfig)
      case 'GetTaskPushNotificationConfig':
        return held[0] ?? create(a2a.TaskPushNotificationConfigSchema)
      case 'ListTaskPushNotificationConfigs':
        return create(a2a.ListTaskPushNotificationConfigsResponseSchema, { configs: held })
      case 'DeleteTaskPushNotificationConfig':
        held.length = 0
        return create(operations.DeleteTaskPushNotificationConfig.response)
      default: {
        const inline = (request as a2a.SendMessageRequest).configuration?.taskPushNotificationConfig
        if (inline !== undefined) keep(inline)
        return create(a2a.SendMessageResponseSchema, { payload: { case: 'task', value: { id: 'task', contextId: 'c' } } })
      }
    }
  }

  async function ask(from: Gateway, name: OperationName, message: Message): Promise<Message | undefined> {
    const operation = operations[name]
    const { signal } = new AbortController()
    return (await collect(from.plane.door.call({ principal: from.identity, target: handle, operation, message, extensions: [], signal })))[0]
  }

  const set = (from: Gateway, config: MessageInitShape<typeof a2a.TaskPushNotificationConfigSchema> = CLIENT): Promise<Message | undefined> =>
    ask(from, 'CreateTaskPushNotificationConfig', create(a2a.TaskPushNotificationConfigSchema, { taskId: 'task', ...config }))

  const event = (state = a2a.TaskState.WORKING): a2a.StreamResponse =>
    create(a2a.StreamResponseSchema, { payload: { case: 'statusUpdate', value: { taskId: 'task', contextId: 'c', status: { state } } } })

  /** As the agent does: posts to the address that it was given. */
  async function agentPosts(at: Gateway = south, url = held.at(-1)?.url ?? ''): Promise<void> {
    const token = new URL(url).pathname.split('/').at(-1) ?? ''
    await at.plane.door.notify(handle, token, event(), { signal: new AbortController().signal })
  }

  it('gives the agent an address of its own gateway and none of the secrets', async () => {
    const answered = (await set(north)) as a2a.TaskPushNotificationConfig
    assert.match(held[0]?.url ?? '', /^http:\/\/gw\.south\.example:7400\/agents\/worker@south\.example\/push\//)
    assert.deepEqual([held[0]?.token, held[0]?.authentication], ['', undefined])
    assert.equal(JSON.stringify(held[0]).includes('client.example'), false)
    assert.deepEqual([answered.url, answered.token, answered.authentication?.credentials], [CLIENT.url, CLIENT.token, 'secret'])
  })

  it("posts what the agent posts to the client's own webhook, with the client's token and credentials", async () => {
    await set(north)
    await agentPosts()
    assert.equal(posted.length, 1)
    assert.equal(posted[0]?.url, CLIENT.url)
    assert.equal(posted[0].headers['x-a2a-notification-token'], 'secret token')
    assert.equal(posted[0].headers['authorization'], 'Bearer secret')
    assert.deepEqual(JSON.parse(posted[0].body), { statusUpdate: { taskId: 'task', contextId: 'c', status: { state: 'TASK_STATE_WORKING' } } })
  })

  it('does the same for a webhook that came with a message', async () => {
    const configuration = { taskPushNotificationConfig: CLIENT }
    await ask(north, 'SendMessage', create(a2a.SendMessageRequestSchema, { message: { messageId: 'm2', role: a2a.Role.USER }, configuration }))
    await agentPosts()
    assert.equal(posted[0]?.url, CLIENT.url)
  })

  it('shows the client its own webhooks as it set them, and nobody another’s', async () => {
    await set(north)
    const list = async (from: Gateway) =>
      (
        (await ask(
          from,
          'ListTaskPushNotificationConfigs',
          create(a2a.ListTaskPushNotificationConfigsRequestSchema, { taskId: 'task' })
        )) as a2a.ListTaskPushNotificationConfigsResponse
      ).configs
    assert.deepEqual(
      (await list(north)).map(({ url, token, id }) => [url, token, id]),
      [[CLIENT.url, CLIENT.token, 'config 0']]
    )
    await assert.rejects(list(east), { code: 'TASK_NOT_FOUND' })
  })

  it('forgets a webhook that was deleted', async () => {
    await set(north)
    const [kept] = held
    await ask(north, 'DeleteTaskPushNotificationConfig', create(a2a.DeleteTaskPushNotificationConfigRequestSchema, { taskId: 'task', id: 'config 0' }))
    await assert.rejects(agentPosts(south, kept?.url), { code: 'NOT_FOUND' })
    assert.equal(posted.length, 0)
  })

  it('keeps what was acknowledged over a restart of the gateway', async () => {
    await set(north)
    north = world.gateway(NORTH, {}, { push: push(NORTH) })
    await north.plane.start()
    await agentPosts()
    assert.equal(posted.length, 1)
  })

  it('refuses an address that may not be posted to before anything is sent', async () => {
    await assert.rejects(set(north, { url: 'http://10.0.0.1/' }), { code: 'INVALID_ARGUMENT' })
    assert.equal(held.length, 0)
  })

  it('refuses secrets that would make another head of HTTP', async () => {
    for (const bad of [{ token: 'a\r\nx: y' }, { token: 'é' }, { authentication: { scheme: 'Bearer', credentials: 'a\nb' } }, { token: 'x'.repeat(10_000) }])
      await assert.rejects(set(north, { ...CLIENT, ...bad }), { code: 'INVALID_ARGUMENT' })
    assert.equal(held.length, 0)
  })

  it('refuses tokens that were made up, changed, or given out for another agent or by another gateway', async () => {
    await set(north)
    const url = held[0]?.url ?? ''
    for (const bad of [`${url}x`, url.replace(/push\/./, 'push/A'), `${url}.1`, 'http://h/a', url.split('.').slice(0, -1).join('.')])
      await assert.rejects(agentPosts(south, bad), { code: 'NOT_FOUND' }, bad)
    await assert.rejects(agentPosts(north, url), { code: 'NOT_FOUND' })
    const token = new URL(url).pathname.split('/').at(-1) ?? ''
    await assert.rejects(south.plane.door.notify('other@south.example', token, event(), { signal: new AbortController().signal }), { code: 'NOT_FOUND' })
    assert.equal(posted.length, 0)
  })

  it('lets no gateway speak for an agent of another domain', async () => {
    await set(north)
    const request = { id: 'northexample00000000000000000000', agent: handle, event: toBinary(a2a.StreamResponseSchema, event()) }
    await assert.rejects(east.rpc.call({ peer: north.identity.peer }, methods.notify, request), { code: 'PERMISSION_DENIED' })
    assert.equal(posted.length, 0)
  })

  it('works at one gateway alone', async () => {
    await ask(south, 'SendMessage', create(a2a.SendMessageRequestSchema, { message: { messageId: 'm', role: a2a.Role.USER } }))
    // The task is north's; south's client has its own agent's word for another one in real life, here the guard says no.
    await assert.rejects(set(south), { code: 'TASK_NOT_FOUND' })
    const configuration = { taskPushNotificationConfig: CLIENT }
    await ask(south, 'SendMessage', create(a2a.SendMessageRequestSchema, { message: { messageId: 'm3', role: a2a.Role.USER }, configuration }))
    await agentPosts()
    assert.equal(posted[0]?.url, CLIENT.url)
  })
})
