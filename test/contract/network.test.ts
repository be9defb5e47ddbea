import assert from 'node:assert/strict'
import type { Channel, Frame } from '../../src/ports/network.ts'
import { DATA, DATA_LAST, END, MAX_FRAGMENT } from '../../src/wire/frames.ts'
import { type TestNode, type Transport, transports } from '../support/memory/transports.ts'

const PROTOCOL = '/hansa/test/1.0.0'
const EMPTY = new Uint8Array()

for (const { name, make } of transports) {
  describe(`port network over ${name}`, () => {
    let transport: Transport
    let a: TestNode
    let b: TestNode

    beforeEach(async () => {
      transport = make()
      a = await transport.join()
      b = await transport.join()
    })
    afterEach(() => transport.stop())

    async function pair(): Promise<[Channel, Channel]> {
      const { promise, resolve } = Promise.withResolvers<Channel>()
      await b.network.handle(PROTOCOL, resolve)
      const near = await a.network.open(b.peer, b.network.addresses(), PROTOCOL)
      // A stream is seen by the other side with its first frame at the latest.
      await near.write({ type: DATA, payload: Buffer.from('first') })
      const far = await promise
      assert.equal(text(await far.read()), 'first')
      return [near, far]
    }

    it('carries frames both ways, in order, with the peer that the transport proved', async () => {
      const [near, far] = await pair()
      assert.equal(near.peer, b.peer)
      assert.equal(far.peer, a.peer)
      for (let i = 0; i < 50; i++) await near.write({ type: i % 2 === 0 ? DATA : DATA_LAST, payload: Buffer.from(`n${i}`) })
      await far.write({ type: END, payload: EMPTY })
      for (let i = 0; i < 50; i++) {
        const frame = await far.read()
        assert.equal(frame?.type, i % 2 === 0 ? DATA : DATA_LAST)
        assert.equal(text(frame), `n${i}`)
      }
      assert.equal((await near.read())?.type, END)
    })

    it('carries the largest frame', async () => {
      const [near, far] = await pair()
      await near.write({ type: DATA, payload: new Uint8Array(MAX_FRAGMENT).fill(9) })
      assert.deepEqual((await far.read())?.payload.length, MAX_FRAGMENT)
    })

    it('refuses to write a frame over the bound, and the channel goes on', async () => {
      const [near, far] = await pair()
      await assert.rejects(near.write({ type: DATA, payload: new Uint8Array(MAX_FRAGMENT + 1) }), { code: 'FRAME_TOO_LARGE' })
      await near.write({ type: DATA, payload: Buffer.from('still here') })
      assert.equal(text(await far.read()), 'still here')
    })

    it('gives undefined after an orderly end, also when nobody was reading yet, and can still be written to', async () => {
      const [near, far] = await pair()
      await near.write({ type: DATA, payload: Buffer.from('last') })
      await near.close()
      await transport.pass(50)
      assert.equal(text(await far.read()), 'last')
      assert.equal(await far.read(), undefined)
      assert.equal(await far.read(), undefined)
      await far.write({ type: DATA, payload: Buffer.from('answer') })
      assert.equal(text(await near.read()), 'answer')
      const closed = Promise.withResolvers<Error | undefined>()
      near.onClose(closed.resolve)
      await far.close()
      assert.equal(await near.read(), undefined)
      assert.equal(await closed.promise, undefined)
    })

    it('tells a reset from an end', async () => {
      const [near, far] = await pair()
      const closed = Promise.withResolvers<Error | undefined>()
      far.onClose(closed.resolve)
      near.abort()
      await assert.rejects(far.read(), { code: 'CONNECTION_LOST' })
      assert.ok((await closed.promise) instanceof Error)
      await assert.rejects(far.write({ type: DATA, payload: EMPTY }), { code: 'CONNECTION_LOST' })
      await assert.rejects(near.write({ type: DATA, payload: EMPTY }), { code: 'CONNECTION_LOST' })
    })

    it('reports a lost connection as a loss, to a waiting reader too', async () => {
      const [, far] = await pair()
      const reading = far.read()
      await a.network.hangUp(b.peer)
      await assert.rejects(reading, { code: 'CONNECTION_LOST' })
    })

    it('makes a fast writer wait for a slow reader, and loses nothing', async () => {
      const [near, far] = await pair()
      const frames = 300 // 19 MiB
      let sent = 0
      const writing = (async () => {
        for (; sent < frames; sent++) await near.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT, sent) })
        await near.close()
      })()
      await transport.pass(400)
      assert.ok(sent < 80, `${sent} frames were taken without a reader`)
      let received = 0
      for (let frame = await far.read(); frame !== undefined; frame = await far.read()) assert.equal(frame.payload[0], received++ & 0xff)
      await writing
      assert.equal(received, frames)
    })

    it('says PROTOCOL_VERSION when the other side does not speak the protocol', async () => {
      await assert.rejects(a.network.open(b.peer, b.network.addresses(), '/hansa/test/9.0.0'), { code: 'PROTOCOL_VERSION' })
    })

    it('says PEER_UNREACHABLE when nobody is there, or no address is known', async () => {
      const c = await transport.join()
      const addresses = c.network.addresses()
      await c.stop()
      await assert.rejects(a.network.open(c.peer, addresses, PROTOCOL), { code: 'PEER_UNREACHABLE' })
      await assert.rejects(
        a.network.open(c.peer, [], PROTOCOL, AbortSignal.timeout(2_000)),
        /PEER_UNREACHABLE|unreachable|no address|cannot reach|time ran out/
      )
    })

    it('refuses an address at which another peer answers', async () => {
      const c = await transport.join()
      const wrong = c.network.addresses().map((address) => address.replace(/\/p2p\/.*/, `/p2p/${b.peer}`))
      await b.stop()
      await assert.rejects(a.network.open(b.peer, wrong, PROTOCOL), { code: 'PEER_UNREACHABLE' })
    })

    it('tells connects and disconnects once, and lists who is connected', async () => {
      const seen: string[] = []
      b.network.onConnect((peer) => seen.push(`+${peer}`))
      b.network.onDisconnect((peer) => seen.push(`-${peer}`))
      const [address = ''] = b.network.addresses()
      assert.equal(await a.network.dial(address), b.peer)
      assert.equal(await a.network.dial(address), b.peer)
      await transport.until(() => seen.length > 0)
      assert.deepEqual(
        a.network.peers().map(({ peer, direction }) => ({ peer, direction })),
        [{ peer: b.peer, direction: 'outbound' }]
      )
      assert.deepEqual(
        b.network.peers().map(({ peer, direction }) => ({ peer, direction })),
        [{ peer: a.peer, direction: 'inbound' }]
      )
      await a.network.hangUp(b.peer)
      await transport.until(() => seen.length > 1)
      assert.deepEqual(seen, [`+${a.peer}`, `-${a.peer}`])
      assert.deepEqual(b.network.peers(), [])
    })

    it('refuses text that is no address', async () => {
      await assert.rejects(a.network.dial('not an address'), { code: 'INVALID_ARGUMENT' })
    })
  })
}

function text(frame: Frame | undefined): string | undefined {
  return frame && Buffer.from(frame.payload).toString()
}
