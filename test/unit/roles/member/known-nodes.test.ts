import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { create } from '@bufbuild/protobuf'
import { KnownNodes } from '../../../../src/roles/member/known-nodes.ts'
import { NodeInfoSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'

/** PeerIds of the right form. */
const peer = (n: number): string => `12D3KooW${'1'.repeat(40)}${String(1111 + n).replaceAll('0', 'z')}`
const info = (n: number, more: MessageInitShape<typeof NodeInfoSchema> = {}) =>
  create(NodeInfoSchema, { spiffeId: `spiffe://north.example/agw/gw${n}`, roles: ['agw'], peerId: peer(n), multiaddrs: ['/ip4/127.0.0.1/tcp/1'], ...more })
const identity = (n: number) => ({
  peer: peer(n),
  spiffeId: `spiffe://north.example/ars/ars${n}`,
  domain: 'north.example',
  name: `ars${n}`,
  roles: ['ars'] as const,
  serial: '1',
  notAfter: 1e15,
  own: true
})

describe('known nodes', () => {
  it('put who has shown a certificate before all hearsay, however much of it came first', () => {
    const known = new KnownNodes('north.example', 'self')
    for (let n = 0; n < 500; n++) known.hear(info(n), 0)
    known.learn(identity(900), undefined, 0)
    assert.equal(known.infrastructure()[0]?.peerId, peer(900))
    assert.equal(known.infrastructure().length, 100)
  })

  it('are bounded, and hearsay never takes the place of a node that has shown a certificate', () => {
    const known = new KnownNodes('north.example', 'self')
    known.learn(identity(5000), undefined, 0)
    for (let n = 0; n < 1500; n++) known.hear(info(n), 0)
    assert.equal(known.all().length, 1000)
    known.hear(info(5000), 1)
    assert.deepEqual(known.get(peer(5000))?.roles, ['ars'])
    for (let n = 1; n <= 10; n++) known.learn(identity(5000 + n), undefined, 1)
    assert.equal(known.withRole('ars').length, 11)
  })

  it('take no word of nodes of another domain, without a role, or with something that is no PeerId', () => {
    const known = new KnownNodes('north.example', 'self')
    known.hear(info(1, { spiffeId: 'spiffe://south.example/agw/gw' }), 0)
    known.hear(info(2, { roles: ['king'] }), 0)
    known.hear(info(3, { peerId: '../../x' }), 0)
    assert.deepEqual(known.all(), [])
  })
})
