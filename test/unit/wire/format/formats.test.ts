import assert from 'node:assert/strict'
import { create, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { HansaError } from '../../../../src/schema/errors.ts'
import { type Part, PartSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { BrokenValue } from '../../../../src/wire/format/broken-value.ts'
import { fromCbor, toCbor } from '../../../../src/wire/format/cbor.ts'
import { convertParts } from '../../../../src/wire/format/convert.ts'
import { parseProtobuf } from '../../../../src/wire/format/descriptors.ts'
import { fromProtobuf, toProtobuf } from '../../../../src/wire/format/protobuf.ts'
import { hotelParams, hotelTypes } from '../../../support/hotel-proto.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const RUNS = { seed, numRuns: 300 }
const types = hotelTypes()
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** JSON as it stands in a data part: -0 and 0 are one number, and __proto__ is no key. */
const json = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue)
const usable = json.filter((value) => !JSON.stringify(value).includes('__proto__'))

const guest = fc
  .record({ name: fc.string() })
  .chain((plain) => fc.option(fc.integer({ min: 0, max: 120 })).map((age) => (age === null ? plain : { ...plain, age })))
const key = fc.string({ maxLength: 8 }).filter((text) => text !== '__proto__')
/** ProtoJSON of hotel.v1.BookRequest with every field said. */
const booking = fc
  .record({
    city: fc.string({ unit: 'grapheme' }),
    nights: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    guests: fc.array(guest, { maxLength: 4 }),
    contacts: fc.dictionary(key, guest, { maxKeys: 4, noNullPrototype: true }),
    board: fc.constantFrom('BOARD_UNSPECIFIED', 'BOARD_BREAKFAST', 'BOARD_FULL'),
    passport: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    rooms: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), { maxLength: 4 }),
    price: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    paid: fc.boolean(),
    notes: fc.dictionary(key, fc.string(), { maxKeys: 4, noNullPrototype: true })
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue)

const part = (value: JsonValue): Part => create(PartSchema, { content: { case: 'data', value: fromJson(ValueSchema, value) } })
const to = (parts: readonly Part[], ...accepted: string[]) => convertParts(parts, { accepted, types, direction: 'input' }).parts
const dataOf = (one: Part | undefined) => (one?.content.case === 'data' ? toJson(ValueSchema, one.content.value) : undefined)

describe(`wire/format: round trips (seed ${seed})`, () => {
  it('JSON to CBOR and back is the same JSON', () => {
    fc.assert(
      fc.property(usable, (value) => {
        assert.deepEqual(fromCbor(toCbor(value)), value)
      }),
      RUNS
    )
  })

  it('CBOR that was taken comes back as the same value, bytes included', () => {
    const item = hex('a2 61 61 43 010203 61 62 82 f5 fb 3ff199999999999a')
    assert.deepEqual(fromCbor(item), { a: { $base64: 'AQID' }, b: [true, 1.1] })
    assert.deepEqual(Buffer.from(toCbor(fromCbor(item))), Buffer.from(item))
    assert.deepEqual(fromCbor(hex('d9d9f7 a1 61 61 01')), { a: 1 })
  })

  it('JSON to Protobuf and back is the same ProtoJSON', () => {
    fc.assert(
      fc.property(booking, (value) => {
        assert.deepEqual(fromProtobuf(toProtobuf(value, types.input, types.registry), types.input, types.registry), value)
      }),
      RUNS
    )
  })

  it('every pair of formats, through the parts of a message, ends where it began', () => {
    const modes = ['application/json', 'application/cbor', 'application/x-protobuf']
    fc.assert(
      fc.property(booking, fc.array(fc.constantFrom(...modes), { minLength: 1, maxLength: 6 }), (value, way) => {
        let parts = [part(value)]
        for (const mode of [...way, 'application/json']) parts = to(parts, mode)
        assert.deepEqual(dataOf(parts[0]), value)
      }),
      RUNS
    )
  })

  it('bytes that are no CBOR at all end in a refusal, never in another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const read of [() => fromCbor(bytes), () => fromProtobuf(bytes, types.input, types.registry)]) {
          try {
            read()
          } catch (thrown) {
            assert.ok(thrown instanceof BrokenValue, String(thrown))
          }
        }
      }),
      { seed, numRuns: 3_000 }
    )
  })
})

describe('wire/format: what is refused', () => {
  const broken = (run: () => unknown, path: string, why: RegExp) =>
    assert.throws(run, (thrown) => {
      assert.ok(thrown instanceof BrokenValue, String(thrown))
      assert.equal(thrown.path, path)
      assert.match(thrown.message, why)
      return true
    })

  for (const [what, bytes, path, why] of [
    ['a key twice', 'a2 61 61 01 61 61 02', 'a', /twice/],
    ['a key that is a number', 'a1 01 02', '', /no text/],
    ['an integer beyond 2^53', 'a1 61 61 1b 0020000000000001', '', /not CBOR|2\^53/],
    ['a tag inside', 'a1 61 61 c1 01', 'a', /tag 1/],
    ['undefined', '81 f7', '[0]', /undefined/],
    ['NaN', '81 f97e00', '[0]', /NaN/],
    ['a text that is not UTF-8', 'a1 61 61 61 ff', 'a', /UTF-8/],
    ['something behind', 'a0 00', '', /after/],
    ['an end too early', '82 01', '[1]', /too early/],
    ['a map that says $base64', 'a1 67 24626173653634 64 41414141', '', /stands for bytes/],
    ['__proto__', 'a1 69 5f5f70726f746f5f5f a0', '__proto__', /cannot have/]
  ] as const)
    it(`CBOR: ${what}`, () => {
      const read = () => fromCbor(hex(bytes))
      if (what === 'an integer beyond 2^53') assert.throws(read, BrokenValue)
      else broken(read, path, why)
    })

  it('CBOR: nested too deep, and more values than a node should hold', () => {
    broken(() => fromCbor(new Uint8Array(300).fill(0x81)), '[0]'.repeat(100).slice(0, 200), /deeper/)
    const many = new Uint8Array(300_005).fill(0x80)
    many.set([0x9a, 0x00, 0x04, 0x93, 0xe0])
    assert.throws(() => fromCbor(many), /more than 250000/)
    assert.throws(() => fromCbor(hex('9b 001fffffffffffff')), BrokenValue)
  })

  it('CBOR as other encoders write it: lengths in any form, and indefinite ones', () => {
    assert.deepEqual(fromCbor(hex('b90001 61 61 1801')), { a: 1 })
    assert.deepEqual(fromCbor(hex('bf 61 61 9f 01 02 ff ff')), { a: [1, 2] })
  })

  for (const [value, path] of [
    [{ nights: 'two' }, 'nights'],
    [{ city: 'X', stars: 5 }, 'stars'],
    [{ guests: [{ name: 'A' }, { name: 3 }] }, 'guests[1].name'],
    [{ contacts: { 'the boss': { age: 1.5 } } }, 'contacts["the boss"].age'],
    [{ board: 'BOARD_HALF' }, 'board'],
    [{ passport: '%' }, 'passport'],
    [{ nights: 2 ** 40 }, 'nights'],
    [[], '']
  ] as const)
    it(`JSON that is not the message: ${JSON.stringify(value)}`, () => {
      broken(() => toProtobuf(value as JsonValue, types.input, types.registry), path, /hotel\.v1\.BookRequest/)
    })

  it('Protobuf: a field that the descriptor does not have, in any depth', () => {
    const unknown = (writer: BinaryWriter) => writer.tag(99, WireType.Varint).uint32(1)
    broken(() => fromProtobuf(unknown(new BinaryWriter()).finish(), types.input, types.registry), '', /no field 99/)
    const inner = unknown(new BinaryWriter()).finish()
    broken(
      () => fromProtobuf(new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(inner).finish(), types.input, types.registry),
      'guests',
      /Guest has no field 99/
    )
    broken(() => fromProtobuf(hex('0a ff'), types.input, types.registry), '', /not a hotel/)
  })

  it('Protobuf: more fields than a node should hold', () => {
    const writer = new BinaryWriter()
    for (let count = 0; count < 250_001; count++) writer.tag(3, WireType.LengthDelimited).bytes(new Uint8Array())
    assert.throws(() => fromProtobuf(writer.finish(), types.input, types.registry), /more than 250000/)
  })

  it('descriptors: what is none, too large, without the message, with Any', () => {
    const refused = (params: object, why: RegExp) =>
      assert.throws(
        () => parseProtobuf({ ...hotelParams(), ...params }),
        (thrown) => thrown instanceof HansaError && thrown.code === 'INVALID_ARGUMENT' && why.test(thrown.message)
      )
    refused({ descriptorSet: 7 }, /base64/)
    refused({ descriptorSet: '!!!!' }, /base64/)
    refused({ descriptorSet: Buffer.from('nothing').toString('base64') }, /FileDescriptorSet/)
    refused({ descriptorSet: 'A'.repeat(70_000) }, /49152 bytes/)
    refused({ input: 'hotel.v1.Nothing' }, /input/)
    refused({ input: 'hotel.v1.Open' }, /Any/)
    assert.ok(toBinary(PartSchema, part({})).length > 0)
  })
})
