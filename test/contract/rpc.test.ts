import assert from 'node:assert/strict'
import { createRpc } from '../../src/adapters/rpc/create-rpc.ts'
import type { Role } from '../../src/core/ids/role.ts'
import type { Admission, CallContext, Rpc, ServerStream, Target } from '../../src/ports/rpc.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { MAX_FRAGMENT } from '../../src/wire/frames.ts'
import { methods } from '../../src/wire/methods.ts'
import { FakeIdentities } from '../support/memory/fake-identities.ts'
import { MemoryLog } from '../support/memory/memory-log.ts'
import { type TestNode, type Transport, transports } from '../support/memory/transports.ts'

interface Member {
  readonly node: TestNode
  readonly rpc: Rpc & { start(): Promise<void>; stop(): Promise<void> }
  readonly identities: FakeIdentities
  readonly log: MemoryLog
  readonly target: Target
  /** Open admissions of this node. */
  admitted: number
  refuse: HansaError | undefined
}

for (const { name, make } of transports) {
  describe(`port rpc over ${name}`, () => {
    let transport: Transport
    const members: Member[] = []

    beforeEach(() => {
      transport = make()
    })
    afterEach(async () => {
      await Promise.all(members.splice(0).map((member) => member.rpc.stop()))
      await transport.stop()
    })

    async function member(id: string, roles: readonly Role[], domain = 'north.example', listed: string[] = []): Promise<Member> {
      const node = await transport.join()
      const identities = new FakeIdentities(domain, { listed })
      if (roles.length > 0) identities.enrol(node.peer, id, roles)
      const log = new MemoryLog()
      const admission: Admission = {
        admit: () => {
          if (made.refuse !== undefined) throw made.refuse
          made.admitted++
          return () => made.admitted--
        }
      }
      const rpc = createRpc({ network: node.network, identities, admission, clock: transport.clock, log })
      const made: Member = { node, rpc, identities, log, target: { peer: node.peer, addresses: node.network.addresses() }, admitted: 0, refuse: undefined }
      await rpc.start()
      members.push(made)
      return made
    }

    /** A gateway that sends everything back, and an agent of the same domain. */
    async function echo(): Promise<[Member, Member]> {
      const gateway = await member('gw', ['agw'])
      gateway.rpc.handleStream(methods.call, async (stream) => {
        for (let fragment = await stream.read(); fragment !== undefined; fragment = await stream.read()) await stream.write(fragment)
        stream.setTrailer(Buffer.concat([Buffer.from('done '), stream.header]))
      })
      return [await member('x', ['agent']), gateway]
    }

    it('carries a request and its response, and tells each side who the other is', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      let context: CallContext | undefined
      gateway.rpc.handle(methods.nodes, (_, seen) => {
        context = seen
        return { nodes: [{ spiffeId: 'n1' }] }
      })
      const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
      const response = await agent.rpc.call({ ...gateway.target, expect: { domain: 'north.example', role: 'agw' } }, methods.nodes, {}, { traceparent })
      assert.equal(response.nodes[0]?.spiffeId, 'n1')
      assert.equal(context?.caller.identity?.spiffeId, 'spiffe://north.example/agent/x')
      assert.equal(context?.caller.peer, agent.node.peer)
      assert.equal(context?.traceparent, traceparent)
      assert.deepEqual(
        agent.rpc.identities().map((identity) => identity.spiffeId),
        ['spiffe://north.example/agw/gw']
      )
      assert.deepEqual(
        gateway.rpc.identities().map((identity) => identity.spiffeId),
        ['spiffe://north.example/agent/x']
      )
      assert.equal((await agent.rpc.hello(gateway.target)).spiffeId, 'spiffe://north.example/agw/gw')
      await transport.until(() => gateway.admitted === 0)
    })

    it('uses one stream again and again: one verification for many calls', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      for (let i = 0; i < 20; i++) await agent.rpc.call(gateway.target, methods.nodes, {})
      assert.equal(gateway.identities.verified, 1)
      assert.equal(agent.identities.verified, 1)
    })

    it('shows a renewed certificate: an idle stream with the old one is not used again', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      const serials: (string | undefined)[] = []
      gateway.rpc.handle(methods.nodes, (_, { caller }) => {
        serials.push(caller.identity?.serial)
        return {}
      })
      await agent.rpc.call(gateway.target, methods.nodes, {})
      agent.identities.enrol(agent.node.peer, 'x', ['agent'], 'x-2')
      await agent.rpc.call(gateway.target, methods.nodes, {})
      assert.deepEqual(serials, ['x-1', 'x-2'])
    })

    it('keeps code and metadata of an error, and says at which node it arose', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => {
        throw new HansaError('RATE_LIMITED', 'too fast', { retryAfterMs: 250 })
      })
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), {
        code: 'RATE_LIMITED',
        message: 'too fast',
        metadata: { retryAfterMs: '250', at: 'spiffe://north.example/agw/gw' }
      })
    })

    it('does not show a bug to strangers, but logs it', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => {
        throw new Error('secret path /home/x')
      })
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), { code: 'INTERNAL', message: 'internal error' })
      assert.match(String((gateway.log.entries.find((entry) => entry.level === 'error')?.fields as { err?: Error }).err), /secret path/)
    })

    it('refuses an unknown method, and the stream goes on', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      await assert.rejects(agent.rpc.call(gateway.target, methods.gatewayDiscover, {}), { code: 'METHOD_NOT_FOUND' })
      await agent.rpc.call(gateway.target, methods.nodes, {})
      assert.equal(gateway.identities.verified, 1)
    })

    it('lets only those call whom the table of methods allows', async () => {
      const gateway = await member('gw', ['agw'], 'north.example', ['south.example'])
      const agent = await member('x', ['agent'])
      const foreign = await member('y', ['agw'], 'south.example', ['north.example'])
      const nobody = await member('new', [])
      const stranger = await member('z', ['agw'], 'west.example', ['north.example'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      gateway.rpc.handle(methods.connect, () => ({}))
      gateway.rpc.handle(methods.bundle, (_, { caller }) => ({ bundle: { domain: caller.identity?.domain ?? 'nobody' } }))
      // own
      await assert.rejects(foreign.rpc.call(gateway.target, methods.nodes, {}), { code: 'PERMISSION_DENIED' })
      // listed, by role
      await foreign.rpc.call(gateway.target, methods.connect, {})
      await assert.rejects(agent.rpc.call(gateway.target, methods.connect, {}), { code: 'PERMISSION_DENIED' })
      // a domain that is not listed, and no certificate
      await assert.rejects(stranger.rpc.call(gateway.target, methods.connect, {}), { code: 'UNKNOWN_DOMAIN' })
      nobody.identities.listed.add('north.example')
      await assert.rejects(nobody.rpc.call(gateway.target, methods.nodes, {}), { code: 'UNAUTHENTICATED' })
      // anyone; an identity that is not believed is none
      assert.equal((await nobody.rpc.call(gateway.target, methods.bundle, {})).bundle?.domain, 'nobody')
      assert.equal((await stranger.rpc.call(gateway.target, methods.bundle, {})).bundle?.domain, 'nobody')
      assert.equal((await foreign.rpc.call(gateway.target, methods.bundle, {})).bundle?.domain, 'south.example')
    })

    it('lets a newcomer that lists nobody ask for a bundle, and nothing else', async () => {
      const gateway = await member('gw', ['agw'])
      const newcomer = await member('new', [], 'nowhere.example')
      gateway.rpc.handle(methods.bundle, () => ({ bundle: { domain: 'north.example' } }))
      assert.equal((await newcomer.rpc.call(gateway.target, methods.bundle, {})).bundle?.domain, 'north.example')
      await assert.rejects(newcomer.rpc.call(gateway.target, methods.nodes, {}), { code: 'UNKNOWN_DOMAIN' })
      await assert.rejects(newcomer.rpc.call({ ...gateway.target, expect: { domain: 'north.example' } }, methods.bundle, {}), { code: 'UNKNOWN_DOMAIN' })
    })

    it('believes a node as soon as its domain is listed, on streams that are open, too', async () => {
      const gateway = await member('gw', ['agw'])
      const stranger = await member('far', ['agw'], 'south.example', ['north.example'])
      for (const { rpc } of [gateway, stranger]) rpc.handle(methods.ping, ({ payload }) => ({ payload }))
      await assert.rejects(gateway.rpc.call(stranger.target, methods.ping, {}), { code: 'UNKNOWN_DOMAIN' })
      await assert.rejects(stranger.rpc.call(gateway.target, methods.ping, {}), { code: 'UNKNOWN_DOMAIN' })
      gateway.identities.list('south.example')
      await gateway.rpc.call(stranger.target, methods.ping, {})
      await stranger.rpc.call(gateway.target, methods.ping, {})
    })

    it('refuses a chain that was made for another key', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      const thief = await member('thief', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      thief.identities.steal(agent.identities.chain())
      await assert.rejects(thief.rpc.call(gateway.target, methods.nodes, {}), { code: 'CERTIFICATE_INVALID' })
      // and on the callee's side: nothing is sent to a node that shows a stolen chain
      thief.rpc.handle(methods.nodes, () => assert.fail('the request was sent'))
      await assert.rejects(gateway.rpc.call(thief.target, methods.nodes, {}), { code: 'CERTIFICATE_INVALID' })
    })

    it('sends nothing to a node that is not who is wanted', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => assert.fail('the request was sent'))
      for (const expect of [{ role: 'aca' }, { domain: 'south.example' }, { spiffeId: 'spiffe://north.example/agw/other' }]) {
        await assert.rejects(agent.rpc.call({ ...gateway.target, expect }, methods.nodes, {}), { code: 'PERMISSION_DENIED' })
        await assert.rejects(agent.rpc.hello({ ...gateway.target, expect }), { code: 'PERMISSION_DENIED' })
      }
    })

    it('asks admission before it decodes, and frees the place when the call has ended', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      gateway.refuse = new HansaError('TOO_MANY_CALLS', 'too many', { bound: 1 })
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), { code: 'TOO_MANY_CALLS' })
      gateway.refuse = undefined
      await agent.rpc.call(gateway.target, methods.nodes, {})
      await transport.until(() => gateway.admitted === 0)
    })

    it('cuts a call off at its deadline, on both sides', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      const stopped = Promise.withResolvers<AbortSignal>()
      gateway.rpc.handle(methods.nodes, (_, { signal }) => {
        signal.addEventListener('abort', () => stopped.resolve(signal))
        return new Promise(() => {})
      })
      const call = assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}, { timeoutMs: 200 }), { code: 'DEADLINE_EXCEEDED' })
      await transport.pass(400)
      await call
      assert.match(((await stopped.promise).reason as HansaError).code, /^(DEADLINE_EXCEEDED|CANCELED)$/)
    })

    it('cancels across hops: the last node learns of it', async () => {
      const last = await member('gw2', ['agw'])
      const middle = await member('gw1', ['agw'])
      const agent = await member('x', ['agent'])
      const canceled = Promise.withResolvers<void>()
      let arrived = false
      last.rpc.handle(methods.nodes, (_, { signal }) => {
        signal.addEventListener('abort', () => canceled.resolve())
        arrived = true
        return new Promise(() => {})
      })
      middle.rpc.handle(methods.nodes, (_, { signal }) => middle.rpc.call(last.target, methods.nodes, {}, { signal }))
      const controller = new AbortController()
      const call = agent.rpc.call(middle.target, methods.nodes, {}, { signal: controller.signal })
      const ended = assert.rejects(call, { code: 'CANCELED' })
      await transport.until(() => arrived)
      controller.abort()
      await ended
      await transport.pass(100)
      await canceled.promise
    })

    it('does not start a call whose caller has gone already', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => assert.fail('called'))
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}, { signal: AbortSignal.abort() }), { code: 'CANCELED' })
    })

    it('refuses a message over the bound of its method, in both directions', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      const big = 'x'.repeat(methods.nodes.maxBytes)
      gateway.rpc.handle(methods.nodes, () => ({ nodes: [{ spiffeId: big }] }))
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), {
        code: 'FRAME_TOO_LARGE',
        metadata: { bound: '65536', at: 'spiffe://north.example/agw/gw' }
      })
      await assert.rejects(agent.rpc.call(gateway.target, methods.certificateStatus, { serial: big }), { code: 'FRAME_TOO_LARGE' })
    })

    it('carries messages of many fragments', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      const name = 'y'.repeat(3 * MAX_FRAGMENT + 17)
      let got: readonly string[] = []
      agent.rpc.handle(methods.trust, ({ bundles }) => {
        got = bundles.map(({ domain }) => domain)
        return {}
      })
      await gateway.rpc.call(agent.target, methods.trust, { bundles: [{ domain: name }] })
      assert.deepEqual(got, [name])
    })

    it('streams fragments both ways, with header and trailer', async () => {
      const [agent, gateway] = await echo()
      const stream = await agent.rpc.open(gateway.target, methods.call, Buffer.from('head'))
      assert.equal(stream.remote.name, 'gw')
      for (let i = 0; i < 5; i++) {
        await stream.write({ bytes: Buffer.from(`part ${i}`), last: i % 2 === 1 })
        const back = await stream.read()
        assert.deepEqual([Buffer.from(back?.bytes ?? []).toString(), back?.last], [`part ${i}`, i % 2 === 1])
      }
      await stream.end()
      assert.equal(await stream.read(), undefined)
      assert.equal(Buffer.from(stream.trailer()).toString(), 'done head')
      // and the stream is used again
      const second = await agent.rpc.open(gateway.target, methods.call, Buffer.from('two'))
      await second.end()
      assert.equal(await second.read(), undefined)
      assert.equal(agent.identities.verified, 1)
    })

    it('makes a streaming caller wait for a slow callee, and the callee for a slow caller', async () => {
      const [agent, gateway] = await echo()
      const stream = await agent.rpc.open(gateway.target, methods.call, Buffer.from(''))
      const count = 400 // 25 MiB, in messages of 64 fragments
      let sent = 0
      const writing = (async () => {
        for (; sent < count; sent++) await stream.write({ bytes: Buffer.alloc(MAX_FRAGMENT, sent), last: sent % 64 === 63 })
        await stream.end()
      })()
      await transport.pass(300)
      assert.ok(sent < 150, `${sent} of ${count} fragments were taken although nobody reads the answers`)
      let received = 0
      for (let fragment = await stream.read(); fragment !== undefined; fragment = await stream.read()) assert.equal(fragment.bytes[0], received++ & 0xff)
      await writing
      assert.equal(received, count)
    })

    it('gives a streaming caller the error of the handler after what was written before', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handleStream(methods.call, async (stream) => {
        await stream.write({ bytes: Buffer.from('one'), last: true })
        throw new HansaError('NO_ROUTE', 'no way')
      })
      const stream = await agent.rpc.open(gateway.target, methods.call, Buffer.from(''))
      assert.equal(Buffer.from((await stream.read())?.bytes ?? []).toString(), 'one')
      await assert.rejects(stream.read(), { code: 'NO_ROUTE' })
      await assert.rejects(stream.read(), { code: 'NO_ROUTE' })
    })

    it('tells a streaming callee at once that its caller has gone', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      const served = Promise.withResolvers<ServerStream>()
      const failed = Promise.withResolvers<unknown>()
      gateway.rpc.handleStream(methods.call, async (stream) => {
        served.resolve(stream)
        await stream.read().catch(failed.resolve)
      })
      const stream = await agent.rpc.open(gateway.target, methods.call, Buffer.from(''))
      const seen = await served.promise
      stream.abort()
      await transport.until(() => seen.signal.aborted)
      await failed.promise
      await assert.rejects(seen.write({ bytes: Buffer.from('x'), last: true }))
      await transport.until(() => gateway.admitted === 0)
    })

    it('drops the streams of a revoked caller, also in the middle of a call, and refuses it from then on', async () => {
      const [agent, gateway] = await echo()
      const stream = await agent.rpc.open(gateway.target, methods.call, Buffer.from(''))
      await stream.write({ bytes: Buffer.from('a'), last: true })
      await stream.read()
      gateway.identities.revoke('x-1')
      await assert.rejects(stream.read(), { code: 'CONNECTION_LOST' })
      await assert.rejects(
        (async () => {
          const again = await agent.rpc.open(gateway.target, methods.call, Buffer.from(''))
          await again.read()
        })(),
        { code: 'CERTIFICATE_REVOKED' }
      )
      assert.deepEqual(gateway.rpc.identities(), [])
    })

    it('does not call a callee whose certificate was revoked', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      let calls = 0
      gateway.rpc.handle(methods.nodes, () => {
        calls++
        return {}
      })
      await agent.rpc.call(gateway.target, methods.nodes, {})
      agent.identities.revoke('gw-1')
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), { code: 'CERTIFICATE_REVOKED' })
      assert.equal(calls, 1)
    })

    it('checks on every call, without a notice too', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      await agent.rpc.call(gateway.target, methods.nodes, {})
      gateway.identities.revoked.add('x-1')
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), { code: 'CERTIFICATE_REVOKED' })
    })

    it('never carries a request out twice: a connection lost after sending is CONNECTION_LOST', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      let calls = 0
      gateway.rpc.handle(methods.nodes, async () => {
        calls++
        await agent.node.network.hangUp(gateway.node.peer)
        return {}
      })
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), { code: 'CONNECTION_LOST' })
      await transport.pass(50)
      assert.equal(calls, 1)
    })

    it('goes on after a lost connection: no dead stream is handed out', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      await agent.rpc.call(gateway.target, methods.nodes, {})
      await gateway.node.network.hangUp(agent.node.peer)
      await transport.until(() => agent.node.network.peers().length === 0)
      await agent.rpc.call(gateway.target, methods.nodes, {})
    })

    it('calls itself without a network, under the same rules', async () => {
      const gateway = await member('gw', ['agw'])
      gateway.rpc.handle(methods.nodes, (_, { caller }) => ({ nodes: [{ spiffeId: caller.identity?.name ?? '' }] }))
      gateway.rpc.handle(methods.attach, () => assert.fail('called'))
      gateway.rpc.handleStream(methods.call, async (stream) => {
        for (let fragment = await stream.read(); fragment !== undefined; fragment = await stream.read()) await stream.write(fragment)
      })
      const self = { peer: gateway.node.peer }
      assert.equal((await gateway.rpc.call(self, methods.nodes, {})).nodes[0]?.spiffeId, 'gw')
      await assert.rejects(gateway.rpc.call(self, methods.attach, {}), { code: 'PERMISSION_DENIED' })
      gateway.refuse = new HansaError('OVERLOADED', 'busy')
      await assert.rejects(gateway.rpc.call(self, methods.nodes, {}), { code: 'OVERLOADED' })
      gateway.refuse = undefined
      const stream = await gateway.rpc.open(self, methods.call, Buffer.from(''))
      let sent = 0
      const writing = (async () => {
        for (; sent < 100; sent++) await stream.write({ bytes: Buffer.alloc(MAX_FRAGMENT), last: true })
        await stream.end()
      })()
      await transport.pass(50)
      assert.ok(sent < 30, `${sent} fragments were taken although nobody reads`)
      let received = 0
      while ((await stream.read()) !== undefined) received++
      await writing
      assert.equal(received, 100)
      assert.deepEqual(gateway.rpc.identities(), [])
    })

    it('stops: idle streams end in order, and a later call is told that nobody is there', async () => {
      const gateway = await member('gw', ['agw'])
      const agent = await member('x', ['agent'])
      gateway.rpc.handle(methods.nodes, () => ({}))
      await agent.rpc.call(gateway.target, methods.nodes, {})
      await gateway.rpc.stop()
      await assert.rejects(agent.rpc.call(gateway.target, methods.nodes, {}), { code: 'OVERLOADED' })
    })
  })
}
