import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { create, toBinary } from '@bufbuild/protobuf'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createSwarmNode, type SwarmNode } from '../../../src/adapters/libp2p/swarm-node.ts'
import { createRpc } from '../../../src/adapters/rpc/create-rpc.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { Channel } from '../../../src/ports/network.ts'
import type { Rpc } from '../../../src/ports/rpc.ts'
import { CallOpenSchema, HelloSchema } from '../../../src/schema/generated/hansa/v1/call_pb.ts'
import { DATA, DATA_LAST, encodeFrame, END, FrameDecoder, HELLO, MAX_FRAGMENT, OPEN, TRAILER } from '../../../src/wire/frames.ts'
import { methods, PROTOCOLS } from '../../../src/wire/methods.ts'
import { FakeIdentities } from '../../support/memory/fake-identities.ts'
import { MemoryLog } from '../../support/memory/memory-log.ts'

const PROTOCOL = '/hansa/test/1.0.0'

/** A peer of plain libp2p, which sends what it likes. */
async function hostile(): Promise<Libp2p> {
  return createLibp2p({ addresses: { listen: [] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] })
}

describe('libp2p streams', function () {
  this.timeout(20_000)
  const stops: (() => unknown)[] = []

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })

  async function up(): Promise<SwarmNode> {
    const node = await createSwarmNode({ privateKey: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], dht: 'client', recordRules: {}, log: new MemoryLog() })
    await node.start()
    stops.push(() => node.stop())
    return node
  }

  /** A server node with an RPC engine, and one good member that calls it. */
  async function served() {
    const [server, good] = [await up(), await up()]
    const engine = async (node: SwarmNode, name: string) => {
      const identities = new FakeIdentities('north.example').enrol(node.peer, name, ['agw'])
      const rpc = createRpc({ network: node.network, identities, admission: { admit: () => () => {} }, clock: systemClock, log: new MemoryLog() })
      await rpc.start()
      stops.push(() => rpc.stop())
      return rpc
    }
    const rpc: Rpc = await engine(server, 'gw')
    rpc.handle(methods.nodes, () => ({}))
    const caller: Rpc = await engine(good, 'good')
    const bad = await hostile()
    stops.push(() => bad.stop())
    const target = { peer: server.peer, addresses: server.network.addresses() }
    const openBad = () => bad.dialProtocol(multiaddr(target.addresses[0] ?? ''), PROTOCOLS.rpc)
    return { server, caller, bad, target, openBad }
  }

  /** What the server answers to raw bytes: the types of its frames, and its trailer. */
  async function answer(stream: Stream): Promise<{ types: number[]; text: string }> {
    const types: number[] = []
    let text = ''
    const decoder = new FrameDecoder()
    const ended = Promise.withResolvers<void>()
    stream.addEventListener('message', ({ data }) =>
      decoder.push(data.subarray(), (frame) => {
        types.push(frame.type)
        text += Buffer.from(frame.payload).toString('latin1')
      })
    )
    stream.addEventListener('remoteCloseWrite', () => ended.resolve())
    stream.addEventListener('close', () => ended.resolve())
    await ended.promise
    await new Promise((resolve) => setImmediate(resolve))
    return { types, text }
  }

  it('refuses a frame over the bound with its reason, while other calls on the same and other connections go on', async () => {
    const { caller, target, openBad } = await served()
    await caller.call(target, methods.nodes, {})
    const [first, second] = [await openBad(), await openBad()]
    first.send(Uint8Array.of(DATA, 0xff, 0xff, 0xff, 1, 2, 3))
    const refused = await answer(first)
    assert.deepEqual(refused.types, [TRAILER])
    assert.match(refused.text, /FRAME_TOO_LARGE/)
    // The other stream of the same connection is still served.
    second.send(encodeFrame({ type: HELLO, payload: Uint8Array.of(8, 1) }))
    const hello = new Promise<void>((resolve) => second.addEventListener('message', () => resolve(), { once: true }))
    await hello
    await caller.call(target, methods.nodes, {})
  })

  it('answers a small call in one write', async () => {
    const { server, bad, openBad } = await served()
    server.network.onConnect(() => {
      throw new Error('a bug in a listener does not end the process')
    })
    const chain = new FakeIdentities('north.example').enrol(bad.peerId.toString(), 'bad', ['agent']).chain()
    const stream = await openBad()
    const chunks: number[][] = []
    let arrived = Promise.withResolvers<void>()
    const decoder = new FrameDecoder()
    stream.addEventListener('message', ({ data }) => {
      const types: number[] = []
      decoder.push(data.subarray(), (frame) => types.push(frame.type))
      chunks.push(types)
      arrived.resolve()
    })
    stream.send(encodeFrame({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...chain] })) }))
    await arrived.promise
    arrived = Promise.withResolvers()
    const open = toBinary(CallOpenSchema, create(CallOpenSchema, { method: methods.nodes.id, deadlineMs: 1_000 }))
    const frames = [
      { type: OPEN, payload: open },
      { type: DATA_LAST, payload: new Uint8Array() },
      { type: END, payload: new Uint8Array() }
    ]
    stream.send(Buffer.concat(frames.map(encodeFrame)))
    await arrived.promise
    assert.deepEqual(chunks, [[HELLO], [DATA_LAST, TRAILER]])
  })

  it('sends a small call in one write', async () => {
    const { caller, bad } = await served()
    await bad.stop()
    const server = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    stops.push(() => server.stop())
    const chain = new FakeIdentities('north.example').enrol(server.peerId.toString(), 'raw', ['agw']).chain()
    const chunks: number[][] = []
    await server.handle(PROTOCOLS.rpc, (stream) => {
      const decoder = new FrameDecoder()
      stream.addEventListener('message', ({ data }) => {
        const types: number[] = []
        decoder.push(data.subarray(), (frame) => types.push(frame.type))
        chunks.push(types)
        const answers = types.includes(HELLO)
          ? [{ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...chain] })) }]
          : [
              { type: DATA_LAST, payload: new Uint8Array() },
              { type: TRAILER, payload: new Uint8Array() }
            ]
        stream.send(Buffer.concat(answers.map(encodeFrame)))
      })
    })
    const target = { peer: server.peerId.toString(), addresses: server.getMultiaddrs().map(String) }
    await caller.call(target, methods.nodes, {})
    await caller.call(target, methods.nodes, {})
    assert.deepEqual(chunks, [[HELLO], [OPEN, DATA_LAST, END], [OPEN, DATA_LAST, END]])
  })

  it('refuses another version of the protocol, an unknown frame type and bytes that are no hello, each with its reason', async () => {
    const { openBad } = await served()
    for (const [bytes, code] of [
      [encodeFrame({ type: HELLO, payload: Uint8Array.of(8, 2) }), /PROTOCOL_VERSION/],
      [Uint8Array.of(99, 0, 0, 0), /MALFORMED/],
      [encodeFrame({ type: HELLO, payload: Uint8Array.of(0xff, 0xff) }), /MALFORMED/],
      [encodeFrame({ type: DATA, payload: Uint8Array.of(1) }), /MALFORMED/]
    ] as const) {
      const stream = await openBad()
      stream.send(bytes)
      const { types, text } = await answer(stream)
      assert.deepEqual(types, [TRAILER])
      assert.match(text, code)
    }
  })

  it('sees the death of a process as a loss, not as an end', async () => {
    const [server, client] = [await up(), await up()]
    const accepted = Promise.withResolvers<Channel>()
    await server.network.handle(PROTOCOL, accepted.resolve)
    // All bytes pass a plain socket that can be closed as a kernel closes those of a killed process: with a FIN.
    const port = Number(/tcp\/(\d+)/.exec(server.network.addresses()[0] ?? '')?.[1])
    const sockets: Socket[] = []
    const proxy: Server = createServer((socket) => {
      const out = connect(port, '127.0.0.1')
      sockets.push(socket, out)
      socket.pipe(out).pipe(socket)
      for (const one of [socket, out]) one.on('error', () => {})
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    stops.push(() => proxy.close())
    const address = proxy.address()
    const channel = await client.network.open(server.peer, [`/ip4/127.0.0.1/tcp/${typeof address === 'object' ? address?.port : ''}`], PROTOCOL)
    await channel.write({ type: DATA, payload: Buffer.from('x') })
    const far = await accepted.promise
    await far.read()
    const losses = [channel.read(), far.read()].map((reading) => assert.rejects(reading, { code: 'CONNECTION_LOST' }))
    for (const socket of sockets) socket.end()
    await Promise.all(losses)
  })

  /** A bare libp2p stream to a node of ours, and the channel that the node sees. */
  async function strangerAtDoor() {
    const server = await up()
    const accepted = Promise.withResolvers<Channel>()
    await server.network.handle(PROTOCOL, accepted.resolve)
    const bad = await hostile()
    stops.push(() => bad.stop())
    const stream = await bad.dialProtocol(multiaddr(server.network.addresses()[0] ?? ''), PROTOCOL)
    return { stream, accepted: accepted.promise }
  }

  it('takes an end inside a frame as a loss', async () => {
    const { stream, accepted } = await strangerAtDoor()
    stream.send(encodeFrame({ type: DATA, payload: new Uint8Array(100) }).subarray(0, 50))
    await stream.close()
    await assert.rejects((await accepted).read(), { code: 'CONNECTION_LOST', message: /inside a frame/ })
  })

  it('delivers what came before an end, also to a reader that starts late', async () => {
    const { stream, accepted } = await strangerAtDoor()
    for (let i = 0; i < 20; i++) stream.send(encodeFrame({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT, i) }))
    const closing = stream.close()
    const channel = await accepted
    await new Promise((resolve) => setTimeout(resolve, 200))
    for (let i = 0; i < 20; i++) assert.equal((await channel.read())?.payload[0], i)
    assert.equal(await channel.read(), undefined)
    await closing
  })

  it('holds little memory for a slow reader, with many resumes and pauses', async () => {
    const [server, client] = [await up(), await up()]
    const accepted = Promise.withResolvers<Channel>()
    await server.network.handle(PROTOCOL, accepted.resolve)
    const channel = await client.network.open(server.peer, server.network.addresses(), PROTOCOL)
    const total = 600 // 39 MB
    let sent = 0
    let ahead = 0
    const writing = (async () => {
      for (; sent < total; sent++) await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT, sent) })
      await channel.close()
    })()
    const far = await accepted.promise
    let received = 0
    for (let frame = await far.read(); frame !== undefined; frame = await far.read()) {
      assert.equal(frame.payload[0], received++ & 0xff)
      ahead = Math.max(ahead, sent - received)
      if (received % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await writing
    assert.equal(received, total)
    // 256 KiB unsent, one window of at most 1 MiB, 256 KiB unread, and what is in the sockets.
    assert.ok(ahead < 120, `${ahead} frames were on their way at once`)
  })

  it('survives a handler that throws', async () => {
    const [server, client] = [await up(), await up()]
    await server.network.handle(PROTOCOL, () => {
      throw new Error('a bug')
    })
    const channel = await client.network.open(server.peer, server.network.addresses(), PROTOCOL)
    await assert.rejects(channel.read(), { code: 'CONNECTION_LOST' })
  })
})
