import assert from 'node:assert/strict'
import { create, fromJson, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { type ErrorCode, HansaError } from '../../../../src/schema/errors.ts'
import {
  MessageSchema,
  type Part,
  PartSchema,
  Role,
  SendMessageRequestSchema,
  StreamResponseSchema,
  TaskSchema
} from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { fromCbor, toCbor } from '../../../../src/wire/format/cbor.ts'
import { convertParts, FORMAT_METADATA } from '../../../../src/wire/format/convert.ts'
import { acceptedAnswer, convertAnswer } from '../../../../src/wire/format/convert-answer.ts'
import { mediaTypeOf } from '../../../../src/wire/format/detect.ts'
import { fromProtobuf, toProtobuf } from '../../../../src/wire/format/protobuf.ts'
import { hotelTypes } from '../../../support/hotel-proto.ts'

const types = hotelTypes()
const data = (value: JsonValue, more: MessageInitShape<typeof PartSchema> = {}): Part =>
  create(PartSchema, { ...more, content: { case: 'data', value: fromJson(ValueSchema, value) } })
const raw = (bytes: Uint8Array, mediaType = '', filename = ''): Part => create(PartSchema, { content: { case: 'raw', value: bytes }, mediaType, filename })
const text = (value: string, mediaType = ''): Part => create(PartSchema, { content: { case: 'text', value }, mediaType })
const utf8 = (value: string) => new TextEncoder().encode(value)
const bytesOf = (part: Part | undefined) => (part?.content.case === 'raw' ? part.content.value : new Uint8Array())
const dataOf = (part: Part | undefined) => (part?.content.case === 'data' ? toJson(ValueSchema, part.content.value) : undefined)
const convert = (parts: Part[], ...accepted: string[]) => convertParts(parts, { accepted, types, direction: 'input' })
const refused = (run: () => unknown, code: ErrorCode, why: RegExp) =>
  assert.throws(run, (thrown) => {
    assert.ok(thrown instanceof HansaError, String(thrown))
    assert.equal(thrown.code, code)
    assert.match(thrown.message, why)
    return true
  })

describe('wire/format: what a part is in', () => {
  for (const [part, essence] of [
    [data({}), 'application/json'],
    [data({}, { mediaType: 'Application/Vnd.Hotel+JSON; v=1' }), 'application/vnd.hotel+json'],
    [data({}, { mediaType: 'application/cbor' }), 'application/json'],
    [raw(utf8('{"a":1}')), 'application/json'],
    [raw(utf8('{"a":')), 'application/octet-stream'],
    [raw(utf8('12')), 'application/octet-stream'],
    [raw(utf8('{"a":1}'), '', 'a.json'), 'application/octet-stream'],
    [raw(toCbor({ a: 1 })), 'application/cbor'],
    [raw(Uint8Array.of(0xd9, 0xd9, 0xf7, 0x01)), 'application/cbor'],
    [raw(Uint8Array.of(0xa1, 0x61, 0x61, 0x01, 0x00)), 'application/octet-stream'],
    [raw(Uint8Array.of(0xff, 0xd8), 'image/jpeg'), 'image/jpeg'],
    [text('{"a":1}'), 'text/plain'],
    [text('{"a":1}', 'application/json'), 'application/json']
  ] as const)
    it(`${part.content.case} ${part.mediaType} is ${essence}`, () => assert.equal(mediaTypeOf(part).essence, essence))
})

describe('wire/format: parts on their way to an agent', () => {
  const booking = { city: 'Berlin', nights: 2 }

  it('JSON becomes CBOR for an agent of CBOR, and says what it was', () => {
    const { parts, changed } = convert([text('book'), data(booking, { metadata: { hint: 'kept' } })], 'text/plain', 'application/cbor')
    assert.equal(changed, true)
    assert.equal(parts[0]?.content.value, 'book')
    assert.deepEqual(fromCbor(bytesOf(parts[1])), booking)
    assert.equal(parts[1]?.mediaType, 'application/cbor')
    assert.deepEqual(parts[1]?.metadata, { hint: 'kept', [FORMAT_METADATA]: { from: 'application/json', to: 'application/cbor' } })
  })

  it('CBOR becomes the registered Protobuf message, and Protobuf JSON', () => {
    const { parts } = convert([raw(toCbor(booking), 'application/cbor')], 'application/x-protobuf')
    assert.equal(parts[0]?.mediaType, 'application/x-protobuf; messageType="hotel.v1.BookRequest"')
    const back = convert(parts, 'application/json').parts
    assert.partialDeepStrictEqual(dataOf(back[0]), booking)
    assert.deepEqual(back[0]?.metadata?.[FORMAT_METADATA], { from: 'application/x-protobuf; messageType="hotel.v1.BookRequest"', to: 'application/json' })
  })

  it('takes the first format of the receiver that can carry the value', () => {
    assert.equal(convert([data({ unheard: 1 })], 'application/x-protobuf', 'application/cbor').parts[0]?.mediaType, 'application/cbor')
    assert.equal(
      convertParts([data(booking)], { accepted: ['application/x-protobuf', 'application/cbor'], types: undefined, direction: 'input' }).parts[0]?.mediaType,
      'application/cbor'
    )
  })

  it('leaves alone what is accepted, what is no format of ours, and what nobody declared', () => {
    const image = raw(Uint8Array.of(1), 'image/png')
    const file = raw(utf8('{"a":1}'), 'application/json', 'a.json')
    const url = create(PartSchema, { content: { case: 'url', value: 'https://x.example' }, mediaType: 'application/json' })
    const parts = [data(booking), image, file, url, text('hi')]
    for (const accepted of [[], ['text/plain'], ['*/*', 'application/cbor'], ['application/*'], ['APPLICATION/JSON; charset=utf-8'], ['not a type']])
      assert.equal(convert(parts, ...accepted).changed, false, accepted.join())
    assert.equal(convert([image, file, url, text('hi')], 'application/cbor').changed, false)
    assert.equal(convert([data(booking, { mediaType: 'application/vnd.x+json' })], 'application/json').changed, false)
  })

  it('refuses what no format can carry, naming part, type and what is taken', () => {
    const unregistered = () =>
      convertParts([text('x'), data(booking)], { accepted: ['text/plain', 'application/protobuf'], types: undefined, direction: 'input' })
    refused(unregistered, 'CONTENT_TYPE_NOT_SUPPORTED', /message\.parts\[1\] is application\/json.*application\/protobuf/)
  })

  it('refuses a broken value with the path of the field', () => {
    refused(
      () => convert([text('x'), data({ guests: [{ name: 1 }] })], 'application/x-protobuf'),
      'INVALID_ARGUMENT',
      /^message\.parts\[1\]\.data\.guests\[0\]\.name: /
    )
    refused(
      () => convert([raw(Uint8Array.of(0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2), 'application/cbor')], 'application/json'),
      'INVALID_ARGUMENT',
      /^message\.parts\[0\]\.raw\.a: .*twice/
    )
    refused(() => convert([text('{"a":', 'application/json')], 'application/cbor'), 'INVALID_ARGUMENT', /^message\.parts\[0\]\.text: not JSON/)
    refused(
      () => convert([raw(Uint8Array.of(0xff), 'application/x-protobuf; messageType="hotel.v1.Other"')], 'application/json'),
      'INVALID_ARGUMENT',
      /hotel\.v1\.Other/
    )
  })
})

describe('wire/format: answers on their way back', () => {
  const request = (parts: Part[], acceptedOutputModes: string[] = []) =>
    create(SendMessageRequestSchema, { message: { messageId: 'm', role: Role.USER, parts }, configuration: { acceptedOutputModes } })

  it('come in what the sender accepts, otherwise in what it wrote in', () => {
    assert.deepEqual(acceptedAnswer(request([data({})], ['application/cbor'])), ['application/cbor'])
    assert.deepEqual(acceptedAnswer(request([raw(toCbor({}), 'application/cbor'), text('x')])), ['application/cbor'])
    assert.deepEqual(acceptedAnswer(request([raw(new Uint8Array(), 'application/x-protobuf; messageType="hotel.v1.BookRequest"')])), ['application/x-protobuf'])
    assert.deepEqual(acceptedAnswer(request([text('x')])), [])
  })

  it('a task: artifacts, status and history, the user’s words by the input message', () => {
    const task = create(TaskSchema, {
      id: 't',
      status: { message: { messageId: 'a', role: Role.AGENT, parts: [data({ confirmation: 'C1' })] } },
      artifacts: [{ artifactId: 'x', parts: [data({ confirmation: 'C2', nights: 3 })] }],
      history: [{ messageId: 'u', role: Role.USER, parts: [data({ city: 'Berlin' })] }]
    })
    const made = convertAnswer(task, { accepted: ['application/x-protobuf'], types })
    const read = (part: Part | undefined, desc = types.output) => fromProtobuf(bytesOf(part), desc, types.registry)
    assert.partialDeepStrictEqual(read(made.status?.message?.parts[0]), { confirmation: 'C1' })
    assert.partialDeepStrictEqual(read(made.artifacts[0]?.parts[0]), { confirmation: 'C2', nights: 3 })
    assert.partialDeepStrictEqual(read(made.history[0]?.parts[0], types.input), { city: 'Berlin' })
    assert.equal(task.artifacts[0]?.parts[0]?.content.case, 'data', 'the original stays')
  })

  it('are the same object when nothing changes', () => {
    const message = create(MessageSchema, { parts: [data({})] })
    assert.equal(convertAnswer(message, { accepted: ['application/json'], types }), message)
    assert.equal(convertAnswer(message, { accepted: [], types }), message)
  })

  it('a broken answer is the agent’s fault; a piece of an artifact passes as it is', () => {
    const half = raw(toCbor({ a: [1, 2, 3] }).subarray(0, 3), 'application/cbor')
    refused(
      () => convertAnswer(create(MessageSchema, { role: Role.AGENT, parts: [half] }), { accepted: ['application/json'], types }),
      'INVALID_AGENT_RESPONSE',
      /message\.parts\[0\]\.raw/
    )
    const event = create(StreamResponseSchema, {
      payload: { case: 'artifactUpdate', value: { taskId: 't', artifact: { artifactId: 'x', parts: [half] }, append: true } }
    })
    assert.equal(convertAnswer(event, { accepted: ['application/json'], types }), event)
    assert.ok(toProtobuf({ city: 'x' }, types.input, types.registry).length > 0)
  })
})
