import assert from 'node:assert/strict'
import type { Libp2p } from '@libp2p/interface'
import { serversOnly } from '../../../../src/adapters/libp2p/servers-only.ts'

const PROTOCOL = '/hansa/kad/1.0.0'
const peer = { toString: () => 'peer' }

describe('adapters/libp2p/servers-only', () => {
  function setUp(answersPing = true) {
    const node = new EventTarget()
    const dht = { routingTable: { kb: { verify: async (contact: object) => contact !== undefined && answersPing } } }
    serversOnly(node as unknown as Libp2p, dht, PROTOCOL) // Only its events are used.
    const identify = (protocols: string[]) => node.dispatchEvent(new CustomEvent('peer:identify', { detail: { peerId: peer, protocols } }))
    return { verify: () => dht.routingTable.kb.verify({ peerId: peer }), identify }
  }

  it('lets a peer into the routing table that speaks the protocol of the DHT', async () => {
    const { verify, identify } = setUp()
    identify([PROTOCOL])
    assert.equal(await verify(), true)
  })

  it('keeps out a peer that only answers pings: a client', async () => {
    const { verify, identify } = setUp()
    identify(['/ipfs/ping/1.0.0'])
    assert.equal(await verify(), false)
  })

  it('keeps out a peer that answers nothing', async () => {
    const { verify, identify } = setUp(false)
    identify([PROTOCOL])
    assert.equal(await verify(), false)
  })

  it('says so when kad-dht has changed inside', () => {
    assert.throws(() => serversOnly(new EventTarget() as unknown as Libp2p, {}, PROTOCOL), /kad-dht/)
  })
})
