import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { create, type DescMessage, fromBinary, type Message as AnyMessage, toBinary, fromJson, toJson } from '@bufbuild/protobuf'
import { Metadata, type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js'
import { createMappedTransport } from '../../../src/node/mapping/mapped-transport.ts'
import type { AgentFace, AgentTransport } from '../../../src/ports/agent-client.ts'
import * as a2a from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { HOTEL_DESCRIPTORS, hotelTypes } from '../../support/hotel-proto.ts'
import { operations } from '../../../src/wire/operations.ts'
import { ask, mappingOf, PRINCIPAL, refusedWith, said, sending } from '../../support/mapped.ts'
import { until } from '../../support/until.ts'

const YAML = `
timeout: 500ms
maxBytes: 2000
descriptors: hotel.binpb
secrets: { token: { env: TOKEN } }
patterns: ['(?<nights>\\d+) nights in (?<city>\\p{L}+)']
inputs: { nights: { from: /data/nights }, city: { from: /data/city } }
grpc:
  service: hotel.v1.Hotel
  method: Book
  metadata: { Authorization: 'Bearer {{/secrets/token}}' }
  request: { city: '{{/inputs/city?}}', nights: '{{/inputs/nights?}}', guests: '{{/data/guests?}}' }
  response: { text: /confirmation, data: '{{}}' }
  errors: { ABORTED: { code: OVERLOADED } }
`

type Handler = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void

describe('node/mapping: a plain gRPC service as an agent', () => {
  const types = hotelTypes()
  const asIs = (bytes: Buffer) => bytes
  const server = new Server()
  let handle: Handler
  let transport: AgentTransport
  let face: AgentFace

  before(async () => {
    const book = {
      path: '/hotel.v1.Hotel/Book',
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs
    }
    server.addService({ book }, { book: (...call: Parameters<Handler>) => handle(...call) })
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)))
    )
    face = { url: new URL(`grpc://127.0.0.1:${port}`), binding: 'urn:hansa:binding:grpc', version: '1.0', tenant: '' }
    transport = createMappedTransport(await mappingOf(YAML, { TOKEN: 's3cret' }, { 'hotel.binpb': readFileSync(HOTEL_DESCRIPTORS) }))
  })

  after(async () => {
    await transport.close?.()
    server.forceShutdown()
  })

  const send = (text: string, data?: Parameters<typeof said>[1], signal?: AbortSignal) => ask(transport, face, 'SendMessage', sending(said(text, data)), signal)
  const booking = (json: Record<string, string | number>) => Buffer.from(toBinary<DescMessage>(types.output, fromJson(types.output, json)))

  it('hears the trace that the call belongs to', async () => {
    let heard: unknown
    handle = (call, answer) => {
      heard = [call.metadata.get('traceparent'), call.metadata.get('tracestate')]
      answer(null, booking({ confirmation: 'G1', nights: 2, arrival: '2026-12-01T00:00:00Z' }))
    }
    const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'k=v' }
    const options = { signal: new AbortController().signal, extensions: [], principal: PRINCIPAL, ...trace }
    for await (const answered of transport.invoke(face, operations.SendMessage, sending(said('2 nights in Oslo')), options)) void answered
    assert.deepEqual(heard, [[trace.traceparent], [trace.tracestate]])
  })

  it('a message becomes the service’s own, its answer a message', async () => {
    assert.equal(transport.speaks(face), true)
    let seen: unknown
    handle = (call, answer) => {
      seen = { request: toJson(types.input, fromBinary(types.input, call.request)), authorization: call.metadata.get('authorization') }
      answer(null, booking({ confirmation: 'G1', nights: 2, arrival: '2026-12-01T00:00:00Z' }))
    }
    const [response] = (await send('2 nights in Rome', { guests: [{ name: 'Ann' }] })) as a2a.SendMessageResponse[]
    // ProtoJSON takes numbers as texts, so what the text says needs no type.
    assert.deepEqual(seen, { request: { city: 'Rome', nights: 2, guests: [{ name: 'Ann' }] }, authorization: ['Bearer s3cret'] })
    assert.ok(response?.payload.case === 'message')
    assert.partialDeepStrictEqual(toJson(a2a.MessageSchema, response.payload.value), {
      contextId: 'c1',
      parts: [{ text: 'G1' }, { data: { confirmation: 'G1', city: '', nights: 2, arrival: '2026-12-01T00:00:00Z' } }]
    })
  })

  it('a value that does not fit is refused with its field before the service is asked', async () => {
    handle = () => assert.fail('asked')
    await assert.rejects(send('', { guests: [{ name: 'A' }, { name: 7 }] }), refusedWith('INVALID_ARGUMENT', /^guests\[1\]\.name /))
    await assert.rejects(send('', { nights: 'two' }), refusedWith('INVALID_ARGUMENT', /^nights /))
  })

  for (const [code, mapped] of [
    [status.INVALID_ARGUMENT, 'INVALID_ARGUMENT'],
    [status.NOT_FOUND, 'NOT_FOUND'],
    [status.ABORTED, 'OVERLOADED'],
    [status.RESOURCE_EXHAUSTED, 'RATE_LIMITED'],
    [status.UNAVAILABLE, 'AGENT_UNREACHABLE'],
    [status.PERMISSION_DENIED, 'AGENT_FAILED'],
    [status.INTERNAL, 'AGENT_FAILED']
  ] as const)
    it(`${status[code]} is ${mapped}`, async () => {
      handle = (_, answer) => answer({ code, details: 'no such\troom', metadata: new Metadata() })
      await assert.rejects(send('', { nights: 1 }), refusedWith(mapped, code === status.UNAVAILABLE ? /UNAVAILABLE/ : /no such room/))
    })

  it('answers that are too large or no message, a silent service, and none at all', async () => {
    handle = (_, answer) => answer(null, booking({ confirmation: 'x'.repeat(3_000) }))
    await assert.rejects(send('', { nights: 1 }), refusedWith('INVALID_AGENT_RESPONSE', /more bytes/))
    handle = (_, answer) => answer(null, Buffer.from([0x0a, 0xff]))
    await assert.rejects(send('', { nights: 1 }), refusedWith('INVALID_AGENT_RESPONSE', /no hotel\.v1\.Booking/))
    handle = () => undefined
    await assert.rejects(send('', { nights: 1 }), refusedWith('DEADLINE_EXCEEDED', /500 ms/))
    const nowhere = { ...face, url: new URL('grpc://127.0.0.1:1') }
    await assert.rejects(ask(transport, nowhere, 'SendMessage', sending(said('', { nights: 1 }))), refusedWith('AGENT_UNREACHABLE', /UNAVAILABLE/))
    await assert.rejects(transport.knock(nowhere, AbortSignal.timeout(300)), (thrown) => thrown instanceof Error)
  })

  it('the caller’s going away cancels the call', async () => {
    const abort = new AbortController()
    let canceled = false
    handle = (call) => {
      call.on('cancelled', () => (canceled = true))
      abort.abort()
    }
    await assert.rejects(send('', { nights: 1 }, abort.signal), (thrown) => thrown instanceof Error)
    await until('the cancellation', () => canceled)
  })

  it('is knocked by its connection, and has no tasks', async () => {
    await transport.knock(face, AbortSignal.timeout(2_000))
    const request: AnyMessage = create(a2a.GetTaskRequestSchema, { id: 'x' })
    await assert.rejects(ask(transport, face, 'GetTask', request), refusedWith('TASK_NOT_FOUND', /./))
  })
})
