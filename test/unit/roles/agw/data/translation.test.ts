import assert from 'node:assert/strict'
import { create, fromBinary, fromJson, type JsonObject, type JsonValue, type Message, toBinary, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { ServerStream } from '../../../../../src/ports/rpc.ts'
import type { Translator } from '../../../../../src/ports/translator.ts'
import type { RelayHeader } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import * as a2a from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { fromCbor, toCbor } from '../../../../../src/wire/format/cbor.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import { type OperationName, operations } from '../../../../../src/wire/operations.ts'
import { collect, type Gateway, NORTH, SOUTH, World } from './world.ts'

/** Words that it knows, in both directions; everything else it cannot do. */
function dictionary(pairs: Readonly<Record<string, Readonly<Record<string, string>>>>): Translator & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    pairs: () => Object.keys(pairs),
    can: (from, to) => pairs[`${from}>${to}`] !== undefined,
    translate({ texts, from, to }) {
      asked.push(...texts)
      const words = pairs[`${from}>${to}`] ?? {}
      const missing = texts.find((text) => words[text.trim()] === undefined)
      if (missing !== undefined) return Promise.reject(new HansaError('TRANSLATION_UNAVAILABLE', `no ${from}>${to} for ${missing}`, { pair: `${from}>${to}` }))
      return Promise.resolve(texts.map((text) => ({ text: words[text.trim()] ?? '', engine: 'memory', score: 1 })))
    },
    identify: (text) => (/\p{Script=Han}/u.test(text) ? { language: 'zh', reliable: true } : { language: 'en', reliable: text.length > 8 })
  }
}

const BOOK = dictionary({
  'en>zh': { 'a twin room': '一间双床房', 'two nights': '两晚' },
  'zh>en': { 一间双床房: 'a twin room', '已预订：一间双床房': 'Booked: a twin room', '一间双床房。': 'A twin room.', '两晚。': 'Two nights.' }
})

type Asked = { header: RelayHeader; message: a2a.Message | undefined }

describe('language translation at gateways (draft 2.5, 3.3.2)', () => {
  let world: World
  let north: Gateway
  let south: Gateway
  let asked: Asked[]

  async function found(translators: { north?: Translator; south?: Translator }, languages: readonly string[] = ['zh']): Promise<string> {
    world = new World()
    asked = []
    north = world.gateway(NORTH, {}, { translator: translators.north })
    south = world.gateway(SOUTH, {}, { translator: translators.south })
    for (const { plane } of [north, south]) await plane.start()
    const handle = world.agent('hotel', south, serve)
    const agent = world.agents.get(handle)
    assert.ok(agent !== undefined)
    const card = new TextEncoder().encode(
      JSON.stringify({
        name: 'hotel',
        capabilities: { extensions: [{ uri: 'urn:hansa:text-fields', params: { pointers: ['/room', '/notes/*/text'] } }] }
      })
    )
    world.agents.set(handle, { ...agent, languages, card })
    world.translates.set(south.identity.spiffeId, [...(translators.south?.pairs() ?? [])])
    world.route(handle, north, south)
    return handle
  }

  /** Repeats what it is told, in its own language. */
  async function serve(stream: ServerStream, header: RelayHeader): Promise<void> {
    const bytes = (await readMessage(stream, 1e6)) ?? new Uint8Array()
    const operation = operations[header.operation as OperationName]
    const request = fromBinary(operation.request, bytes)
    const message = 'message' in request ? (request.message as a2a.Message | undefined) : undefined
    asked.push({ header, message })
    const [first] = message?.parts ?? []
    const words = first?.content.case === 'text' ? first.content.value : ''
    if (operation.name === 'SendMessage') {
      const parts = [{ content: { case: 'text' as const, value: `已预订：${words}` } }, ...(message?.parts.slice(1) ?? [])]
      const answer = create(a2a.SendMessageResponseSchema, { payload: { case: 'message', value: { messageId: 'r', role: a2a.Role.AGENT, parts } } })
      await writeMessage(stream, toBinary(a2a.SendMessageResponseSchema, answer))
      return
    }
    const task = { taskId: 't1', contextId: 'c' }
    const event = (payload: NonNullable<Parameters<typeof create<typeof a2a.StreamResponseSchema>>[1]>['payload']) =>
      writeMessage(stream, toBinary(a2a.StreamResponseSchema, create(a2a.StreamResponseSchema, { payload })))
    if (operation.name === 'SendStreamingMessage') {
      for (const [index, text] of ['一间', '双床房。两', '晚。'].entries())
        await event({
          case: 'artifactUpdate',
          value: { ...task, artifact: { artifactId: 'a', parts: [{ content: { case: 'text', value: text } }] }, append: index > 0 }
        })
      await event({ case: 'statusUpdate', value: { ...task, status: { state: a2a.TaskState.COMPLETED } } })
      return
    }
    const whole = { id: 't1', contextId: 'c', artifacts: [{ artifactId: 'a', parts: [{ content: { case: 'text' as const, value: '两晚。' } }] }] }
    await writeMessage(stream, toBinary(a2a.TaskSchema, create(a2a.TaskSchema, whole)))
  }

  function ask(
    target: string,
    options: { text?: string; data?: JsonObject; metadata?: JsonObject; acceptLanguage?: string; operation?: OperationName; message?: Message } = {}
  ): Promise<Message[]> {
    const operation = operations[options.operation ?? 'SendMessage']
    const parts: JsonObject[] = [{ text: options.text ?? 'a twin room' }, ...(options.data === undefined ? [] : [{ data: options.data }])]
    const json = { message: { messageId: 'm', role: 'ROLE_USER', parts, metadata: options.metadata ?? {} } }
    const message = options.message ?? fromRequest(json)
    const { acceptLanguage } = options
    const signal = new AbortController().signal
    return collect(north.plane.door.call({ principal: north.identity, target, operation, message, extensions: [], signal, acceptLanguage }))
  }

  const textsOf = (message: Message | undefined): string[] => {
    const { payload } = message as a2a.SendMessageResponse
    return payload.case === 'message' ? payload.value.parts.map(({ content }) => (content.case === 'text' ? content.value : JSON.stringify(content.value))) : []
  }
  const wish = (more: JsonObject = {}): JsonObject => ({ 'urn:hansa:translate': { to: 'en', ...more } })

  it("brings a message into the agent's language and the answer back into the caller's, at the target's gateway", async () => {
    const handle = await found({ south: BOOK })
    const [answer] = await ask(handle, { metadata: wish() })
    assert.deepEqual(asked[0]?.message?.parts[0]?.content, { case: 'text', value: '一间双床房' })
    assert.deepEqual(textsOf(answer), ['Booked: a twin room'])
    const { payload } = answer as a2a.SendMessageResponse
    assert.deepEqual(payload.case === 'message' && payload.value.parts[0]?.metadata?.['urn:hansa:translated'], {
      engine: 'memory',
      from: 'zh',
      to: 'en',
      original: '已预订：一间双床房'
    })
    assert.deepEqual(asked[0]?.message?.parts[0]?.metadata?.['urn:hansa:translated'], { engine: 'memory', from: 'en', to: 'zh', original: 'a twin room' })
  })

  it('does it at the first gateway when only that one has the pair', async () => {
    const handle = await found({ north: BOOK })
    const [answer] = await ask(handle, { metadata: wish() })
    assert.deepEqual(asked[0]?.message?.parts[0]?.content, { case: 'text', value: '一间双床房' })
    assert.deepEqual(textsOf(answer), ['Booked: a twin room'])
  })

  it('does it once when both gateways could', async () => {
    const [here, there] = [dictionary({ 'en>zh': {}, 'zh>en': {} }), BOOK]
    const handle = await found({ north: here, south: there })
    await ask(handle, { metadata: wish() })
    assert.deepEqual(here.asked, [])
  })

  it('takes Accept-Language as the language for answers', async () => {
    const handle = await found({ south: BOOK })
    const [answer] = await ask(handle, { acceptLanguage: 'en' })
    assert.deepEqual(textsOf(answer), ['Booked: a twin room'])
  })

  it('touches nothing that nobody asked to have translated, nor what the agent understands', async () => {
    const handle = await found({ south: BOOK })
    assert.deepEqual(textsOf((await ask(handle))[0]), ['已预订：a twin room'])
    const english = await found({ south: BOOK }, ['en', 'zh'])
    await ask(english, { metadata: wish({ onMissing: 'pass' }) })
    assert.deepEqual(asked[0]?.message?.parts[0]?.content, { case: 'text', value: 'a twin room' })
  })

  it('translates the declared fields of structured data and no others', async () => {
    const handle = await found({ south: BOOK })
    await ask(handle, { metadata: wish(), data: { room: 'a twin room', id: 'a twin room', notes: [{ text: 'two nights', by: 'two nights' }] } }).catch(() => [])
    const part = asked[0]?.message?.parts[1]
    assert.ok(part?.content.case === 'data')
    assert.deepEqual(a2aJson(part), { room: '一间双床房', id: 'a twin room', notes: [{ text: '两晚', by: 'two nights' }] })
  })

  it('finds them in CBOR, too, on the way there and back', async () => {
    const handle = await found({ south: BOOK })
    const data = { room: 'a twin room', seal: { $base64: 'AQID' } }
    const parts: JsonObject[] = [{ text: 'a twin room' }, { raw: Buffer.from(toCbor(data)).toString('base64'), mediaType: 'application/cbor' }]
    const message = fromRequest({ message: { messageId: 'm', role: 'ROLE_USER', parts, metadata: wish({ onMissing: 'pass' }) } })
    const [answer] = await ask(handle, { message })
    const { content } = asked[0]?.message?.parts[1] ?? assert.fail()
    assert.deepEqual(content.case === 'raw' && fromCbor(content.value), { ...data, room: '一间双床房' })
    const { payload } = answer as a2a.SendMessageResponse
    const [, back] = payload.case === 'message' ? payload.value.parts : []
    assert.deepEqual(back?.content.case === 'raw' && fromCbor(back.content.value), { ...data, room: 'a twin room' })
  })

  it('fails with the pair where nobody can, or passes the original on with a mark, as was asked', async () => {
    const handle = await found({ south: BOOK })
    await assert.rejects(ask(handle, { text: 'a room with a view of the sea', metadata: wish() }), { code: 'TRANSLATION_UNAVAILABLE' })
    assert.equal(asked.length, 0)
    const [answer] = await ask(handle, { text: 'a room with a view of the sea', metadata: wish({ onMissing: 'pass' }) })
    assert.deepEqual(asked[0]?.message?.parts[0]?.content, { case: 'text', value: 'a room with a view of the sea' })
    assert.deepEqual(asked[0]?.message?.parts[0]?.metadata?.['urn:hansa:translated'], { engine: 'none', from: 'en', to: 'zh' })
    assert.deepEqual(textsOf(answer), ['已预订：a room with a view of the sea'])
    const none = await found({})
    await assert.rejects(ask(none, { metadata: wish() }), { code: 'TRANSLATION_UNAVAILABLE' })
    assert.equal(asked.length, 0)
  })

  it('waits for whole sentences in a stream and loses nothing of it', async () => {
    const handle = await found({ south: BOOK })
    const events = (await ask(handle, { metadata: wish(), operation: 'SendStreamingMessage' })) as a2a.StreamResponse[]
    const pieces = events.flatMap(({ payload }) => (payload.case === 'artifactUpdate' ? [payload.value] : []))
    assert.deepEqual(
      pieces.map(({ artifact, append }) => [artifact?.parts.map(({ content }) => content.value).join(''), append]),
      [
        ['A twin room.', false],
        ['Two nights.', true]
      ]
    )
    assert.equal(events.at(-1)?.payload.case, 'statusUpdate')
  })

  it('gives what is asked of a task later in the language of its first answer', async () => {
    const handle = await found({ south: BOOK })
    await ask(handle, { metadata: wish(), operation: 'SendStreamingMessage' })
    const [task] = (await ask(handle, { operation: 'GetTask', message: create(a2a.GetTaskRequestSchema, { id: 't1' }) })) as a2a.Task[]
    assert.deepEqual(task?.artifacts[0]?.parts[0]?.content, { case: 'text', value: 'Two nights.' })
  })

  it('puts what goes into a language of the target that was named, and answers back into the sender’s', async () => {
    const handle = await found({ south: BOOK }, ['zh'])
    const [answer] = await ask(handle, { metadata: { 'urn:hansa:translate': { to: 'zh', from: 'en' } } })
    assert.deepEqual(asked[0]?.message?.parts[0]?.content, { case: 'text', value: '一间双床房' })
    assert.deepEqual(textsOf(answer), ['Booked: a twin room'])
  })

  it('refuses a request for translation that is none', async () => {
    const handle = await found({ south: BOOK })
    const wrong: JsonValue[] = ['en', { to: 7 }, { to: 'no language!' }, { to: 'en', onMissing: 'guess' }, { to: 'en', speed: 1 }, {}]
    for (const bad of wrong) await assert.rejects(async () => ask(handle, { metadata: { 'urn:hansa:translate': bad } }), { code: 'INVALID_ARGUMENT' })
  })
})

function fromRequest(json: JsonObject): Message {
  return fromJson(a2a.SendMessageRequestSchema, json)
}

function a2aJson(part: a2a.Part): unknown {
  return part.content.case === 'data' ? toJson(ValueSchema, part.content.value) : undefined
}
