import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { SyncPushSchema } from '../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { CrlRequestSchema, NodesResponseSchema } from '../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { decode, MAX_FIELDS } from '../../../src/wire/decode.ts'

/** `times` fields of number `field`, each empty. */
function empties(field: number, times: number): Uint8Array {
  const bytes = new Uint8Array(2 * times)
  for (let i = 0; i < times; i++) bytes[2 * i] = (field << 3) | 2
  return bytes
}

describe('wire/decode', () => {
  it('gives back what was encoded', () => {
    const bytes = toBinary(NodesResponseSchema, create(NodesResponseSchema, { nodes: [{ peerId: 'a', multiaddrs: ['/ip4/127.0.0.1'] }] }))
    assert.deepEqual(decode(NodesResponseSchema, bytes).nodes[0]?.multiaddrs, ['/ip4/127.0.0.1'])
  })

  it('refuses bytes that are no message', () => {
    assert.throws(() => decode(NodesResponseSchema, Uint8Array.of(0xff)), { code: 'MALFORMED' })
  })

  it('keeps nothing of fields that it does not know', () => {
    const message = decode(CrlRequestSchema, empties(15, 100))
    assert.deepEqual(message.$unknown ?? [], [])
  })

  it('takes as many fields as an honest table has, and refuses a list that costs a thousand times its bytes', () => {
    const [field] = SyncPushSchema.fields.filter(({ fieldKind }) => fieldKind === 'list')
    assert.ok(field)
    assert.equal(decode(SyncPushSchema, empties(field.number, 10_000)).deltas.length, 10_000)
    assert.throws(() => decode(SyncPushSchema, empties(field.number, MAX_FIELDS + 1)), { code: 'MALFORMED' })
  })

  it('counts inside of messages too', () => {
    const list = empties(1, MAX_FIELDS)
    const length = [(list.length & 0x7f) | 0x80, ((list.length >> 7) & 0x7f) | 0x80, list.length >> 14]
    const field = SyncPushSchema.fields.find(({ fieldKind }) => fieldKind === 'list')?.number ?? 0
    assert.throws(() => decode(SyncPushSchema, Uint8Array.from([(field << 3) | 2, ...length, ...list])), { code: 'MALFORMED' })
  })
})
