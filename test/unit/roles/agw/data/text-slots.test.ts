import assert from 'node:assert/strict'
import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { textSlots } from '../../../../../src/roles/agw/data/adapt/text-slots.ts'
import { type Part, PartSchema } from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { fromCbor, toCbor } from '../../../../../src/wire/format/cbor.ts'
import { fromProtobuf, toProtobuf } from '../../../../../src/wire/format/protobuf.ts'
import { hotelTypes } from '../../../../support/hotel-proto.ts'

const types = hotelTypes()
const booking = { city: 'a town', nights: 2, guests: [{ name: 'a guest' }, { name: 'another' }], board: 'BOARD_FULL', passport: 'AAEC' }
const fields = { pointers: ['/city', '/guests/*/name'], types }

const part = (content: Part['content'], mediaType = ''): Part => create(PartSchema, { content, mediaType })
const utf8 = (text: string) => new TextEncoder().encode(text)
const bytesOf = ({ content }: Part) => (content.case === 'raw' ? content.value : assert.fail())

const forms: readonly (readonly [string, Part, (part: Part) => JsonValue])[] = [
  [
    'JSON',
    part({ case: 'data', value: fromJson(ValueSchema, booking) }),
    ({ content }) => (content.case === 'data' ? toJson(ValueSchema, content.value) : assert.fail())
  ],
  ['JSON as text', part({ case: 'text', value: JSON.stringify(booking) }, 'application/json'), ({ content }) => JSON.parse(String(content.value)) as JsonValue],
  ['JSON as bytes', part({ case: 'raw', value: utf8(JSON.stringify(booking)) }), (one) => JSON.parse(new TextDecoder().decode(bytesOf(one))) as JsonValue],
  ['CBOR', part({ case: 'raw', value: toCbor({ ...booking, seal: { $base64: 'AQID' } }) }, 'application/cbor'), (one) => fromCbor(bytesOf(one))],
  [
    'Protobuf',
    part({ case: 'raw', value: toProtobuf(booking, types.input, types.registry) }, 'application/x-protobuf'),
    (one) => fromProtobuf(bytesOf(one), types.input, types.registry)
  ]
]

describe('texts for people in structured data', () => {
  for (const [name, sent, read] of forms)
    it(`are found where the agent declared them, and nothing else changes: ${name}`, () => {
      const before = read(sent)
      const { mediaType } = sent
      const { slots, write } = textSlots([sent], fields, 'input')
      assert.deepEqual(
        slots.map(({ text, whole }) => [text, whole]),
        [
          ['a town', false],
          ['a guest', false],
          ['another', false]
        ]
      )
      for (const slot of slots) slot.set(slot.text.toUpperCase())
      write('INTERNAL')
      const { guests } = before as { guests: object[] }
      const people = [
        { ...guests[0], name: 'A GUEST' },
        { ...guests[1], name: 'ANOTHER' }
      ]
      assert.deepEqual(read(sent), { ...(before as object), city: 'A TOWN', guests: people })
      assert.equal(sent.mediaType, mediaType)
    })

  it('leave the bytes as they are when none of them is set', () => {
    // A length in the long form, which our own writer would not choose.
    const bytes = Uint8Array.of(0xb8, 0x01, 0x64, ...utf8('city'), 0x61, 0x78)
    const sent = part({ case: 'raw', value: bytes }, 'application/cbor')
    const { slots, write } = textSlots([sent], fields, 'input')
    assert.equal(slots.length, 1)
    write('INTERNAL')
    assert.equal(sent.content.value, bytes)
  })

  it('are not looked for in files, in what cannot be read, and in Protobuf that nobody described', () => {
    const file = create(PartSchema, { content: { case: 'raw', value: toCbor(booking) }, mediaType: 'application/cbor', filename: 'b.cbor' })
    const broken = part({ case: 'raw', value: Uint8Array.of(0xff) }, 'application/cbor')
    const nan = part({ case: 'data', value: create(ValueSchema, { kind: { case: 'numberValue', value: NaN } }) })
    const unknown = part({ case: 'raw', value: toProtobuf(booking, types.input, types.registry) }, 'application/x-protobuf')
    for (const sent of [file, broken, nan]) assert.deepEqual(textSlots([sent], fields, 'input').slots, [])
    assert.deepEqual(textSlots([unknown], { ...fields, types: undefined }, 'input').slots, [])
  })

  it('that are no texts to their format are refused by name', () => {
    const sent = part({ case: 'raw', value: toProtobuf(booking, types.input, types.registry) }, 'application/x-protobuf')
    const { slots, write } = textSlots([sent], { pointers: ['/board'], types }, 'input')
    slots[0]?.set('volle Verpflegung')
    assert.throws(() => write('INVALID_ARGUMENT'), { code: 'INVALID_ARGUMENT', message: /parts\[0\]\.board was declared to be a text/ })
  })
})
