import assert from 'node:assert/strict'
import { fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { ServerStream } from '../../../../../src/ports/rpc.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { type RelayHeader, RelayHeaderSchema } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { SendMessageRequestSchema, type SendMessageResponse, type StreamResponse } from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { call, collect, EAST, echo, event, type Gateway, header as headerOf, identity, NORTH, say, SOUTH, World } from './world.ts'

const textOf = (message: Message | undefined): unknown => {
  const { payload } = message as SendMessageResponse
  return payload.case === 'message' ? payload.value.parts[0]?.content.value : undefined
}

describe('relay of calls (draft 3.4.4)', () => {
  let world: World
  let north: Gateway
  let east: Gateway
  let south: Gateway

  beforeEach(async () => {
    world = new World()
    ;[north, east, south] = [world.gateway(NORTH), world.gateway(EAST), world.gateway(SOUTH)]
    for (const { plane } of [north, east, south]) await plane.start()
  })

  /** An agent of south, reached from north by way of east. */
  function threeInLine(serve: (stream: ServerStream, header: RelayHeader) => Promise<void> = echo): string {
    const handle = world.agent('flight', south, serve)
    world.route(handle, east, south)
    world.route(handle, north, east)
    return handle
  }

  it('brings a call to an agent of the same gateway and the answer back', async () => {
    const handle = world.agent('flight', south, echo)
    const [answer] = await collect(call(south, handle))
    assert.equal(textOf(answer), 'hello')
  })

  it('passes a call on over several gateways and tells the agent who called', async () => {
    let seen: RelayHeader | undefined
    const handle = threeInLine((stream, header) => {
      seen = header
      return echo(stream)
    })
    const [answer] = await collect(call(north, handle))
    assert.equal(textOf(answer), 'hello')
    assert.equal(seen?.principal, 'spiffe://north.example/agw/gw')
    assert.deepEqual(
      seen?.path,
      [north, east, south].map((gateway) => gateway.identity.spiffeId)
    )
  })

  it('carries a message of many fragments unchanged', async () => {
    const text = 'x'.repeat(1_000_000)
    const [answer] = await collect(call(north, threeInLine(), { message: say(text) }))
    assert.equal(textOf(answer), text)
  })

  it('streams answers in order', async () => {
    const handle = threeInLine(async (stream) => {
      await readMessage(stream, 1e6)
      for (let i = 0; i < 50; i++) await writeMessage(stream, event(`${i}`))
    })
    const answers = await collect(call(north, handle, { streaming: true }))
    const ids = answers.map((answer) => ((answer as StreamResponse).payload.value as { messageId: string }).messageId)
    assert.deepEqual(
      ids,
      Array.from({ length: 50 }, (_, i) => `${i}`)
    )
  })

  it('holds a fast agent back while the client does not read, instead of storing its answers', async () => {
    let sent = 0
    const handle = threeInLine(async (stream) => {
      await readMessage(stream, 1e6)
      for (; sent < 1000; sent++) await writeMessage(stream, event(`${sent}`))
    })
    const answers = call(north, handle, { streaming: true })[Symbol.asyncIterator]()
    await answers.next()
    await world.clock.settle()
    assert.ok(sent < 10, `one fragment in each hop, but ${sent} were taken`)
    for (let i = 1; i < 1000; i++) assert.equal((await answers.next()).done, false)
    assert.equal((await answers.next()).done, true)
  })

  it('holds a fast caller back while the agent does not read', async () => {
    let go = (): void => undefined
    const waiting = new Promise<void>((resolve) => (go = resolve))
    const handle = threeInLine(async (stream) => {
      await waiting
      return echo(stream)
    })
    const answer = collect(call(north, handle, { message: say('x'.repeat(5_000_000)) }))
    await world.clock.settle()
    go()
    assert.equal((await answer).length, 1)
  })

  it('cancels at every hop when the client goes away', async () => {
    let aborted: unknown
    const handle = threeInLine(
      (stream) => new Promise((_, reject) => stream.signal.addEventListener('abort', () => reject((aborted = stream.signal.reason) as Error)))
    )
    const client = new AbortController()
    const answer = collect(call(north, handle, { signal: client.signal }))
    await world.clock.settle()
    client.abort()
    await assert.rejects(answer, { code: 'CANCELED' })
    await world.clock.settle()
    assert.ok(aborted instanceof HansaError)
  })

  it('cancels when the client stops reading a stream', async () => {
    let aborted = false
    const handle = threeInLine(async (stream) => {
      stream.signal.addEventListener('abort', () => (aborted = true))
      for (let i = 0; i < 100; i++) await writeMessage(stream, event(`${i}`))
    })
    for await (const answer of call(north, handle, { streaming: true })) {
      assert.ok(answer)
      break
    }
    await world.clock.settle()
    assert.equal(aborted, true)
  })

  it('gives up at the deadline and says where', async () => {
    const handle = threeInLine((stream) => new Promise((_, reject) => stream.signal.addEventListener('abort', () => reject(stream.signal.reason as Error))))
    const answer = assert.rejects(collect(call(north, handle, { timeoutMs: 1000 })), (error: HansaError) => {
      assert.equal(error.code, 'DEADLINE_EXCEEDED')
      assert.equal(error.metadata['at'], north.identity.spiffeId)
      assert.equal(error.metadata['agent'], handle)
      return true
    })
    await world.clock.advance(1001)
    await answer
  })

  it('hands on only the time that is left, taking off what passed while a neighbour did not answer', async () => {
    const handle = world.agent('flight', south, echo)
    world.route(handle, east, south)
    world.route(handle, north, east, south)
    world.net.refuse = async (peer) => {
      if (peer === east.identity.peer) await new Promise<void>((resolve) => world.clock.after(1500, resolve))
      return peer === east.identity.peer
    }
    const answer = collect(call(north, handle, { timeoutMs: 5000 }))
    await world.clock.advance(1500)
    await answer
    assert.equal(world.net.nodes.get(north.identity.peer)?.opened[0]?.timeoutMs, 3500)
  })

  it('keeps the error of the agent and names the node at which it arose', async () => {
    const handle = threeInLine(() => Promise.reject(new HansaError('TASK_NOT_FOUND', 'no such task', { at: 'spiffe://north.example/agw/somebody-else' })))
    await assert.rejects(collect(call(north, handle)), (error: HansaError) => {
      assert.equal(error.code, 'TASK_NOT_FOUND')
      assert.equal(error.metadata['at'], 'spiffe://south.example/agent/flight', 'an agent cannot blame a gateway')
      return true
    })
  })

  it("names the agent's gateway when the agent's node is gone", async () => {
    const handle = threeInLine()
    world.net.down.add(identity('spiffe://south.example/agent/flight').peer)
    await assert.rejects(collect(call(north, handle)), (error: HansaError) => {
      assert.equal(error.code, 'AGENT_UNREACHABLE')
      assert.equal(error.metadata['at'], south.identity.spiffeId)
      assert.equal(error.metadata['agent'], handle)
      return true
    })
  })

  it('takes another way when a neighbour is gone, and says NO_ROUTE when there is none', async () => {
    const handle = world.agent('flight', south, echo)
    world.route(handle, east, south)
    world.route(handle, north, south, east)
    world.net.down.add(south.identity.peer)
    await assert.rejects(collect(call(north, handle)), (error: HansaError) => {
      assert.equal(error.code, 'NO_ROUTE')
      assert.equal(error.metadata['at'], east.identity.spiffeId, 'the detour went as far as east')
      return true
    })
    world.route(handle, north, east, south)
    world.net.down.clear()
    world.net.down.add(east.identity.peer)
    assert.equal((await collect(call(north, handle))).length, 1)
    world.net.down.add(south.identity.peer)
    await assert.rejects(collect(call(north, handle)), { code: 'NO_ROUTE' })
  })

  it("answers for the agent's card from its gateway, byte by byte", async () => {
    const handle = threeInLine(() => Promise.reject(new Error('the agent is not asked')))
    const card = await north.plane.door.card(north.identity, handle, new AbortController().signal)
    assert.equal(new TextDecoder().decode(card), '{"name":"flight"}')
  })

  it('traces the way to an agent, hop by hop, the agent last', async () => {
    const handle = threeInLine()
    const hops = await north.plane.trace(handle, new AbortController().signal)
    assert.deepEqual(
      hops.map((hop) => hop.gateway),
      [...[north, east, south].map((gateway) => gateway.identity.spiffeId), 'spiffe://south.example/agent/flight']
    )
    for (const hop of hops) assert.ok(hop.ms >= 0)
  })

  it('serves members of the own domain by the name in their certificate, whatever their header claims', async () => {
    let seen: RelayHeader | undefined
    const handle = world.agent('flight', south, (stream, header) => {
      seen = header
      return echo(stream)
    })
    const member = world.net.node(identity('spiffe://south.example/agent/tourist', true))
    const stream = await member.open(
      { peer: south.identity.peer },
      methods.call,
      headerOf({ target: handle, operation: 'SendMessage', principal: 'spiffe://south.example/agent/king', path: ['spiffe://south.example/agw/gw'] })
    )
    void writeMessage(stream, toBinary(SendMessageRequestSchema, say('me') as never)).then(() => stream.end())
    assert.ok(await readMessage(stream, 1e6))
    assert.equal(seen?.principal, 'spiffe://south.example/agent/tourist')
    const relayed = fromBinary(RelayHeaderSchema, world.net.nodes.get(south.identity.peer)?.opened[0]?.header ?? new Uint8Array())
    assert.equal(relayed.target, handle)
  })

  it('takes no calls after it has stopped', async () => {
    const handle = world.agent('flight', south, echo)
    await south.plane.stop()
    assert.equal(south.plane.door.ready(), false)
    assert.throws(() => south.plane.door.admit(south.identity, 'call'), { code: 'OVERLOADED' })
    await assert.rejects(collect(call(south, handle)), { code: 'OVERLOADED' })
  })

  it('waits for open calls when it stops, but not for ever', async () => {
    const handle = world.agent('flight', south, () => new Promise(() => undefined))
    collect(call(south, handle)).catch(() => undefined)
    await world.clock.settle()
    let stopped = false
    void south.plane.stop().then(() => (stopped = true))
    await world.clock.advance(4000)
    assert.equal(stopped, false)
    await world.clock.advance(1500)
    assert.equal(stopped, true)
  })
})
