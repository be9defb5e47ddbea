import assert from 'node:assert/strict'
import { createRpc } from '../../../../../src/adapters/rpc/create-rpc.ts'
import type { Identities, PeerIdentity } from '../../../../../src/ports/identity.ts'
import type { Rpc } from '../../../../../src/ports/rpc.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { MemorySwarm } from '../../../../support/memory/swarm.ts'
import { call, collect, EAST, echo, event, type Gateway, NORTH, say, silent, SOUTH, World } from './world.ts'

/** Nodes whose calls go over the real engine: every frame is encoded, sent and decoded. */
class EngineWorld extends World {
  readonly swarm = new MemorySwarm(this.clock, 7)
  readonly stops: (() => Promise<void>)[] = []

  protected override rpc(self: PeerIdentity, identities: Identities): Rpc {
    const { network } = this.swarm.join(self.peer)
    const rpc = createRpc({ network, identities, admission: { admit: () => () => undefined }, clock: this.clock, log: silent })
    rpc.handle(methods.ping, ({ payload }) => ({ payload }))
    void rpc.start()
    this.stops.push(() => rpc.stop())
    return rpc
  }
}

describe('relay of calls over the real engine', () => {
  let world: EngineWorld
  let north: Gateway
  let east: Gateway
  let south: Gateway

  beforeEach(async () => {
    world = new EngineWorld()
    ;[north, east, south] = [world.gateway(NORTH), world.gateway(EAST), world.gateway(SOUTH)]
    for (const { plane } of [north, east, south]) await plane.start()
  })
  afterEach(() => Promise.all(world.stops.map((stop) => stop())))

  function line(serve: Parameters<World['agent']>[2] = echo): string {
    const handle = world.agent('flight', south, serve)
    world.route(handle, east, south)
    world.route(handle, north, east)
    return handle
  }

  /** Lets the engine's timers run while a call is under way. */
  async function over<T>(work: Promise<T>): Promise<T> {
    let done = false
    work.then(
      () => (done = true),
      () => (done = true)
    )
    await world.clock.until(() => done)
    return work
  }

  it('brings calls there and back, many of them on the same streams', async () => {
    const handle = line()
    for (let i = 0; i < 5; i++) assert.equal((await over(collect(call(north, handle)))).length, 1)
    assert.equal((await over(collect(call(north, handle, { message: say('x'.repeat(500_000)) })))).length, 1)
  })

  it('holds a fast agent back while the client does not read', async () => {
    let sent = 0
    const handle = line(async (stream) => {
      await readMessage(stream, 1e6)
      for (; sent < 2000; sent++) await writeMessage(stream, event('x'.repeat(60_000)))
    })
    const answers = call(north, handle, { streaming: true })[Symbol.asyncIterator]()
    await over(answers.next())
    await world.clock.advance(100)
    assert.ok(sent < 100, `${sent} messages of 60 kB were taken for a client that read one`)
    await over(Promise.resolve(answers.return?.()))
  })

  it('carries the error of the agent, cancellation and traces', async () => {
    const failing = line(() => Promise.reject(new HansaError('TASK_NOT_CANCELABLE', 'it has ended')))
    await assert.rejects(over(collect(call(north, failing))), (error: HansaError) => {
      assert.equal(error.code, 'TASK_NOT_CANCELABLE')
      assert.equal(error.metadata['agent'], failing)
      return true
    })
    const hops = await over(north.plane.trace(failing, new AbortController().signal))
    assert.equal(hops.length, 4)
    const card = await over(north.plane.door.card(north.identity, failing, new AbortController().signal))
    assert.equal(new TextDecoder().decode(card), '{"name":"flight"}')
  })

  it('cancels the far agent when the client goes away', async () => {
    let canceled = false
    const handle = line(async (stream) => {
      stream.signal.addEventListener('abort', () => (canceled = true))
      await new Promise((_, reject) => stream.signal.addEventListener('abort', () => reject(stream.signal.reason as Error)))
    })
    const client = new AbortController()
    const answer = collect(call(north, handle, { signal: client.signal }))
    answer.catch(() => undefined)
    await world.clock.advance(50)
    client.abort()
    await assert.rejects(answer, { code: 'CANCELED' })
    await world.clock.until(() => canceled)
  })

  it('says NO_ROUTE when the gateway in the middle is cut off', async () => {
    const handle = line()
    assert.equal((await over(collect(call(north, handle)))).length, 1)
    world.swarm.cut(north.identity.peer, east.identity.peer)
    await assert.rejects(over(collect(call(north, handle))), (error: HansaError) => {
      assert.equal(error.code, 'NO_ROUTE')
      assert.equal(error.metadata['at'], north.identity.spiffeId)
      return true
    })
  })
})
