import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { createRpc } from '../../../../src/adapters/rpc/create-rpc.ts'
import { MAX_STREAMS_PER_PEER } from '../../../../src/adapters/rpc/bounds.ts'
import type { Channel, Frame } from '../../../../src/ports/network.ts'
import type { Rpc } from '../../../../src/ports/rpc.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { CallOpenSchema, CallTrailerSchema, HelloSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { fromBinary } from '@bufbuild/protobuf'
import { DATA, DATA_LAST, END, HELLO, MAX_FRAGMENT, OPEN, TRAILER } from '../../../../src/wire/frames.ts'
import { methods, PROTOCOLS } from '../../../../src/wire/methods.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeIdentities } from '../../../support/memory/fake-identities.ts'
import { MemoryLog } from '../../../support/memory/memory-log.ts'
import { type MemoryNode, MemorySwarm } from '../../../support/memory/swarm.ts'

const EMPTY = new Uint8Array()

/** Peers that break the rules of a stream, frame by frame, against a served node; and a member that keeps them. */
describe('adapters/rpc against hostile and unlucky streams', () => {
  let clock: FakeClock
  let swarm: MemorySwarm
  let server: MemoryNode
  let rpc: Rpc & { start(): Promise<void>; stop(): Promise<void> }
  let bad: MemoryNode
  let badIdentities: FakeIdentities
  let admitted: number
  let refuse: HansaError | undefined

  function engine(node: MemoryNode, identities: FakeIdentities) {
    const admission = {
      admit: () => {
        if (refuse !== undefined) throw refuse
        admitted++
        return () => admitted--
      }
    }
    return createRpc({ network: node.network, identities, admission, clock, log: new MemoryLog() })
  }

  beforeEach(async () => {
    clock = new FakeClock()
    swarm = new MemorySwarm(clock, 7)
    server = swarm.join('server')
    bad = swarm.join('bad')
    badIdentities = new FakeIdentities('north.example').enrol('bad', 'bad', ['agent'])
    admitted = 0
    refuse = undefined
    rpc = engine(server, new FakeIdentities('north.example').enrol('server', 'server', ['agw']))
    rpc.handle(methods.nodes, () => ({}))
    await rpc.start()
  })

  function open(): Promise<Channel> {
    return bad.network.open('server', server.network.addresses(), PROTOCOLS.rpc)
  }

  async function greeted(): Promise<Channel> {
    const channel = await open()
    await channel.write({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...badIdentities.chain()] })) })
    assert.equal((await channel.read())?.type, HELLO)
    return channel
  }

  function call(method: string, deadlineMs = 1_000): Frame {
    return { type: OPEN, payload: toBinary(CallOpenSchema, create(CallOpenSchema, { method, deadlineMs })) }
  }

  function code(frame: Frame | undefined): string | undefined {
    assert.equal(frame?.type, TRAILER)
    return fromBinary(CallTrailerSchema, frame.payload).error?.code
  }

  it('waits 10 s for a hello, and no longer', async () => {
    const channel = await open()
    await clock.advance(9_900)
    let over = false
    channel.onClose(() => (over = true))
    assert.equal(over, false)
    const reading = assert.rejects(channel.read(), { code: 'CONNECTION_LOST' })
    await clock.advance(6_000)
    await reading
  })

  it('ends a stream that stays idle', async () => {
    const channel = await greeted()
    await clock.advance(181_000)
    assert.equal(await channel.read(), undefined)
  })

  it('bounds the streams of one peer, and frees their places', async () => {
    const channels: Channel[] = []
    for (let i = 0; i < MAX_STREAMS_PER_PEER; i++) channels.push(await greeted())
    assert.equal(code(await (await open()).read()), 'OVERLOADED')
    channels[0]?.abort()
    await clock.settle()
    await greeted()
  })

  it('refuses frames that have no place where they come', async () => {
    for (const frames of [
      [{ type: DATA, payload: EMPTY }], // between calls
      [{ type: OPEN, payload: Uint8Array.of(0xff) }], // an OPEN that is none
      [call('node.nodes/1'), call('node.nodes/1')], // a call in a call
      [call('node.nodes/1'), { type: END, payload: EMPTY }], // no request
      [call('node.nodes/1'), { type: DATA_LAST, payload: EMPTY }, { type: DATA_LAST, payload: EMPTY }, { type: END, payload: EMPTY }], // two requests
      [call('node.nodes/1'), { type: DATA_LAST, payload: Uint8Array.of(0xff, 0xff) }, { type: END, payload: EMPTY }] // not the message it should be
    ]) {
      const channel = await greeted()
      for (const frame of frames) await channel.write(frame)
      assert.equal(code(await channel.read()), 'MALFORMED')
      assert.equal(admitted, 0)
      channel.abort()
    }
  })

  it('refuses a call with no time left', async () => {
    const channel = await greeted()
    await channel.write(call('node.nodes/1', 0))
    assert.equal(code(await channel.read()), 'INVALID_ARGUMENT')
  })

  it('refuses the prototype of an object as a method', async () => {
    const channel = await greeted()
    await channel.write(call('constructor'))
    await channel.write({ type: END, payload: EMPTY })
    assert.equal(code(await channel.read()), 'METHOD_NOT_FOUND')
  })

  it('reads no more of a refused request than a bound, and never runs it', async () => {
    refuse = new HansaError('RATE_LIMITED', 'slow down', { retryAfterMs: 5 })
    const channel = await greeted()
    await channel.write(call('node.nodes/1', 60_000))
    let sent = 0
    const writing = (async () => {
      for (; sent < 1_000; sent++) await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT) })
    })().catch(() => {})
    assert.equal(code(await channel.read()), 'RATE_LIMITED')
    await clock.advance(6_000)
    await writing
    assert.ok(sent < 20, `${sent} fragments were taken`)
  })

  it('refuses a request that grows over its bound before it has all come', async () => {
    const channel = await greeted()
    await channel.write(call('node.nodes/1', 60_000))
    await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT) })
    await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT) })
    assert.equal(code(await channel.read()), 'FRAME_TOO_LARGE')
  })

  it('keeps few streams of a peer that shows no certificate that is believed, and many of a member', async () => {
    const hello = (chain: readonly Uint8Array[]): Frame => ({
      type: HELLO,
      payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...chain] }))
    })
    let refused: Frame | undefined
    for (let n = 0; n < 100 && refused === undefined; n++) {
      const channel = await open()
      await channel.write(hello([]))
      const answer = await channel.read()
      if (answer?.type !== HELLO) refused = answer
    }
    assert.equal(code(refused), 'OVERLOADED')
    for (let n = 0; n < 100; n++) await greeted()
  })

  it('takes a short question only, however long the answer may be', async () => {
    rpc.handle(methods.crl, () => assert.fail('reached'))
    const channel = await greeted()
    await channel.write(call('node.crl/1', 60_000))
    await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT) })
    await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT) })
    assert.equal(code(await channel.read()), 'FRAME_TOO_LARGE')
  })

  it('gives whoever may call without a certificate no more time than the method takes', async () => {
    rpc.handle(methods.crl, () => assert.fail('reached'))
    const channel = await greeted()
    await channel.write(call('node.crl/1', 3_600_000))
    await channel.write({ type: DATA, payload: Buffer.alloc(10) })
    const answer = channel.read()
    await clock.advance(methods.crl.timeoutMs)
    assert.equal(code(await answer), 'DEADLINE_EXCEEDED')
  })

  it('holds a bounded number of bytes of requests of one peer, and lets them go when their calls are over', async () => {
    badIdentities = new FakeIdentities('north.example').enrol('bad', 'bad', ['agw'])
    rpc.handle(methods.syncPush, () => ({}))
    const channels: Channel[] = []
    let refused: string | undefined
    for (let n = 0; n < 30 && refused === undefined; n++) {
      const channel = await greeted()
      channels.push(channel)
      await channel.write(call('agw.push/1', 60_000))
      const writing = async () => {
        for (let i = 0; i < 63; i++) await channel.write({ type: DATA, payload: Buffer.alloc(MAX_FRAGMENT) })
      }
      writing().catch(() => {}) // The one that is refused is read no more.
      await clock.settle()
      const early = channel.poll()
      if (early !== undefined) refused = code(early)
    }
    assert.equal(refused, 'OVERLOADED')
    assert.ok(channels.length > 10 && channels.length < 20, `${channels.length} requests of 4 MiB are held`)
    for (const channel of channels) channel.abort()
    await clock.settle()
    const channel = await greeted()
    await channel.write(call('agw.push/1', 60_000))
    await channel.write({ type: DATA_LAST, payload: EMPTY })
    await channel.write({ type: END, payload: EMPTY })
    assert.equal((await channel.read())?.type, DATA_LAST)
  })

  it('ends a call whose request never comes to its end', async () => {
    const channel = await greeted()
    await channel.write(call('node.nodes/1', 5_000))
    const answer = channel.read()
    await clock.advance(5_000)
    assert.equal(code(await answer), 'DEADLINE_EXCEEDED')
    assert.equal(admitted, 1) // The place is free when the reading has ended,
    await clock.advance(11_000)
    assert.equal(admitted, 0) // which the reset of the stream brings about.
  })

  it('cuts off a caller that reads no answer, once its time is over', async () => {
    const failures: unknown[] = []
    rpc.handleStream(methods.call, async (stream) => {
      try {
        for (;;) await stream.write({ bytes: Buffer.alloc(MAX_FRAGMENT), last: true })
      } catch (error) {
        failures.push(error)
        throw error
      }
    })
    const channel = await bad.network.open('server', server.network.addresses(), PROTOCOLS.relay)
    await channel.write({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...badIdentities.chain()] })) })
    assert.equal((await channel.read())?.type, HELLO)
    await channel.write(call('agw.call/1', 3_000))
    await clock.advance(2_900)
    assert.equal(admitted, 1)
    assert.equal(failures.length, 0)
    await clock.advance(6_000)
    assert.ok(failures[0] instanceof HansaError)
    assert.equal(admitted, 0)
  })

  it('lets a running call end when it stops, but not for ever', async () => {
    const ends: (() => void)[] = []
    rpc.handle(methods.ping, () => new Promise<object>((resolve) => ends.push(() => resolve({}))))
    const good = swarm.join('good')
    const caller = engine(good, new FakeIdentities('north.example').enrol('good', 'good', ['agent']))
    const target = { peer: 'server', addresses: server.network.addresses() }
    const first = caller.call(target, methods.ping, {})
    const second = assert.rejects(caller.call(target, methods.ping, {}), { code: 'CONNECTION_LOST' })
    await clock.settle()
    const stopping = rpc.stop()
    await clock.advance(1_000)
    ends[0]?.()
    await first
    await clock.advance(4_000)
    await stopping
    await second
  })

  it('counts a canceled call until its handler has really ended', async () => {
    const ends: (() => void)[] = []
    rpc.handle(methods.ping, () => new Promise<object>((resolve) => ends.push(() => resolve({}))))
    for (let i = 0; i < 5; i++) {
      const channel = await greeted()
      for (const frame of [call('node.ping/1'), { type: DATA_LAST, payload: EMPTY }, { type: END, payload: EMPTY }]) await channel.write(frame)
      await clock.settle()
      channel.abort()
      await clock.settle()
    }
    assert.equal(admitted, 5)
    for (const end of ends) end()
    await clock.settle()
    assert.equal(admitted, 0)
  })

  it('takes a callee that ended an idle stream in order for one that did not take the call, and asks again', async () => {
    const good = swarm.join('good')
    const caller = engine(good, new FakeIdentities('north.example').enrol('good', 'good', ['agent']))
    // A callee that ends the first stream at the very moment at which the second call comes.
    let streams = 0
    let calls = 0
    await bad.network.handle(PROTOCOLS.rpc, (channel) => {
      const last = ++streams > 1
      void (async () => {
        await channel.read()
        await channel.write({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...badIdentities.chain()] })) })
        for (let frame = await channel.read(); frame !== undefined; frame = await channel.read()) {
          if (frame.type === OPEN && calls > 0 && !last) return channel.close()
          if (frame.type !== END) continue
          calls++
          await channel.write({ type: DATA_LAST, payload: EMPTY })
          await channel.write({ type: TRAILER, payload: EMPTY })
        }
      })()
    })
    const target = { peer: 'bad', addresses: bad.network.addresses() }
    await caller.call(target, methods.nodes, {})
    await caller.call(target, methods.nodes, {})
    assert.equal(streams, 2)
    assert.equal(calls, 2)
  })

  it('does not ask again when the stream was reset: the call may have been carried out', async () => {
    const good = swarm.join('good')
    const caller = engine(good, new FakeIdentities('north.example').enrol('good', 'good', ['agent']))
    let calls = 0
    await bad.network.handle(PROTOCOLS.rpc, (channel) => {
      void (async () => {
        await channel.read()
        await channel.write({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...badIdentities.chain()] })) })
        while ((await channel.read())?.type !== END);
        calls++
        channel.abort()
      })()
    })
    const target = { peer: 'bad', addresses: bad.network.addresses() }
    await assert.rejects(caller.call(target, methods.nodes, {}), { code: 'CONNECTION_LOST' })
    assert.equal(calls, 1)
  })

  it('refuses answers that are none, and what comes on an idle stream costs only that stream', async () => {
    const good = swarm.join('good')
    const caller = engine(good, new FakeIdentities('north.example').enrol('good', 'good', ['agent']))
    let answers: Frame[] = []
    let streams = 0
    await bad.network.handle(PROTOCOLS.rpc, (channel) => {
      streams++
      void (async () => {
        await channel.read()
        await channel.write({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [...badIdentities.chain()] })) })
        for (let frame = await channel.read(); frame !== undefined; frame = await channel.read()) {
          if (frame.type === END) for (const answer of answers) await channel.write(answer)
        }
      })().catch(() => {})
    })
    const target = { peer: 'bad', addresses: bad.network.addresses() }
    const ok: Frame[] = [
      { type: DATA_LAST, payload: EMPTY },
      { type: TRAILER, payload: EMPTY }
    ]
    for (const wrong of [
      [{ type: TRAILER, payload: EMPTY }],
      [{ type: DATA_LAST, payload: EMPTY }, ...ok],
      [{ type: HELLO, payload: EMPTY }],
      [
        { type: DATA_LAST, payload: Uint8Array.of(0xff) },
        { type: TRAILER, payload: EMPTY }
      ],
      [{ type: TRAILER, payload: Uint8Array.of(0xff) }]
    ]) {
      answers = wrong
      await assert.rejects(caller.call(target, methods.nodes, {}), { code: 'MALFORMED' })
    }
    answers = [...ok, { type: DATA, payload: EMPTY }]
    await caller.call(target, methods.nodes, {})
    await clock.settle()
    answers = ok
    const before = streams
    await caller.call(target, methods.nodes, {})
    assert.equal(streams, before + 1)
  })

  it('closes its own idle streams after a minute', async () => {
    const good = swarm.join('good')
    const caller = engine(good, new FakeIdentities('north.example').enrol('good', 'good', ['agent']))
    await caller.start()
    const target = { peer: 'server', addresses: server.network.addresses() }
    await caller.call(target, methods.nodes, {})
    assert.equal(rpc.identities().length, 1)
    await clock.advance(50_000)
    assert.equal(rpc.identities().length, 1)
    await clock.advance(21_000)
    assert.equal(rpc.identities().length, 0)
    await caller.call(target, methods.nodes, {})
  })
})
