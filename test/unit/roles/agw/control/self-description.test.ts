import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { NeighborList } from '../../../../../src/core/peering/neighbor-list.ts'
import type { AuthoredValue } from '../../../../../src/core/sync/author.ts'
import { nameLinks } from '../../../../../src/roles/agw/control/self-description.ts'
import { LinkStateSchema } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { NodeInfoSchema } from '../../../../../src/schema/generated/hansa/v1/trust_pb.ts'

describe('roles/agw: the links that a gateway names', () => {
  function namer() {
    const said = new Map<string, AuthoredValue>()
    const list = new NeighborList({ heartbeatMs: 1_000, missed: 3, holdMs: 1_000, forgetMs: 1_000, limit: 256 })
    const open = (spiffeId: string, at: number) => list.opened(create(NodeInfoSchema, { spiffeId }), [], at)
    const name = () => nameLinks({ value: (key) => said.get(key), set: (key, value) => void said.set(key, value) }, list).map(({ to }) => to)
    const bytes = () => {
      const value = said.get('links')
      return value?.case === 'links' ? toBinary(LinkStateSchema, value.value).length : 0
    }
    return { open, name, bytes }
  }

  it('are all that are up', () => {
    const { open, name } = namer()
    open('spiffe://b.example/agw/gw', 1)
    open('spiffe://a.example/agw/gw', 2)
    assert.deepEqual(name().sort(), ['spiffe://a.example/agw/gw', 'spiffe://b.example/agw/gw'])
  })

  it('fit what others take of one entry, however long the names of newcomers are; who was there first stays named', () => {
    const { open, name, bytes } = namer()
    open('spiffe://z.example/agw/gw', 1)
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`
    for (let index = 0; index < 250; index++) open(`spiffe://${long}/agw/gateway-${index}`, 2 + index)
    const named = name()
    assert.ok(bytes() < 32 * 1024, `${bytes()} bytes`)
    assert.ok(named.includes('spiffe://z.example/agw/gw') && named.length > 50, `${named.length} links`)
    assert.deepEqual(name(), named, 'the same again')
  })
})
