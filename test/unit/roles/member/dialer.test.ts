import assert from 'node:assert/strict'
import type { ConnectedPeer, Network } from '../../../../src/ports/network.ts'
import { Dialer } from '../../../../src/roles/member/dialer.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryLog } from '../../../support/memory/memory-log.ts'

/** A network where `answers` says who is at an address. */
function setting(answers: Record<string, string>) {
  const clock = new FakeClock()
  const connected: ConnectedPeer[] = []
  const dialled: string[] = []
  const network: Pick<Network, 'peer' | 'peers' | 'dial'> = {
    peer: 'self',
    peers: () => connected,
    dial: async (address) => {
      dialled.push(address)
      const peer = answers[address]
      if (peer === undefined) throw new Error('nobody')
      connected.push({ peer, address, direction: 'outbound' })
      return peer
    }
  }
  return { clock, connected, dialled, dialer: new Dialer(network as Network, clock, new MemoryLog()) }
}

describe('member dialer', () => {
  it('keeps looking for a node when another one has its address now', async () => {
    const answers: Record<string, string> = { '/a': 'other' }
    const { clock, dialled, connected, dialer } = setting(answers)
    dialer.keepPeers([{ peer: 'gw', addresses: ['/a'] }])
    dialer.start()
    await clock.advance(60_000)
    const before = dialled.length
    assert.ok(before > 1, 'it did not try again')
    answers['/a'] = 'gw'
    await clock.advance(600_000)
    assert.ok(connected.some(({ peer }) => peer === 'gw'))
    const after = dialled.length
    await clock.advance(600_000)
    assert.equal(dialled.length, after, 'it dials a node that is connected')
    dialer.stop()
  })

  it('learns who is at an address that names nobody, and tries the next address when one is dead', async () => {
    const { clock, dialled, dialer } = setting({ '/a': 'someone', '/c': 'gw' })
    dialer.keepAddress('/a')
    dialer.keepPeers([{ peer: 'gw', addresses: ['/b', '/c'] }])
    dialer.start()
    await clock.advance(60_000)
    assert.deepEqual(dialled, ['/a', '/b', '/c'])
    dialer.stop()
  })
})
