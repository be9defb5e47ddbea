import assert from 'node:assert/strict'
import type { RecordRules } from '../../src/ports/dht.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { type TestNode, type Transport, transports } from '../support/memory/transports.ts'

/** Values are "<number> <text>"; a lower number is older. */
const rules: RecordRules = {
  validate: (key, value, stored) => {
    if (!/^\d+ /.test(Buffer.from(value).toString())) throw new HansaError('MALFORMED', `no number in the value of ${key}`)
    if (stored !== undefined && number(value) < number(stored)) throw new HansaError('RECORD_STALE', 'older than what is stored')
  },
  select: (_, values) => values.reduce((best, value, index) => (number(value) > number(values[best] ?? value) ? index : best), 0)
}

function number(value: Uint8Array): number {
  return Number.parseInt(Buffer.from(value).toString(), 10)
}

for (const { name, make } of transports) {
  describe(`port dht over ${name}`, function () {
    this.timeout(30_000)
    let transport: Transport
    let servers: TestNode[]
    let client: TestNode

    beforeEach(async () => {
      transport = make()
      const seed = await transport.join({ recordRules: { test: rules }, seed: true })
      servers = [seed]
      for (let i = 0; i < 3; i++) servers.push(await transport.join({ recordRules: { test: rules } }))
      client = await transport.join({ recordRules: { test: rules }, dht: 'client' })
      for (const node of [...servers.slice(1), client]) await node.network.dial(seed.network.addresses()[0] ?? '')
      // Ready when a client's value reaches several servers.
      await transport.until(async () => (await client.dht.put('/test/ready', Buffer.from('1 x'), deadline())) >= 3)
    })
    afterEach(() => transport.stop())

    it('gives a value that one node put to another, which was never connected with it', async () => {
      assert.ok((await client.dht.put('/test/a', Buffer.from('1 hello'))) >= 2)
      const [, , , last] = servers
      assert.equal(Buffer.from((await last?.dht.get('/test/a')) ?? []).toString(), '1 hello')
    })

    it('gives the newest value, and undefined for a key that nobody has', async () => {
      await client.dht.put('/test/b', Buffer.from('1 old'))
      await client.dht.put('/test/b', Buffer.from('2 new'))
      assert.equal(Buffer.from((await servers[1]?.dht.get('/test/b')) ?? []).toString(), '2 new')
      assert.equal(await servers[1]?.dht.get('/test/nothing', deadline()), undefined)
    })

    it('does not let an older value take the place of a newer one', async () => {
      await client.dht.put('/test/c', Buffer.from('5 new'))
      // Its own table already refuses.
      await assert.rejects(client.dht.put('/test/c', Buffer.from('4 replayed')), { code: 'RECORD_STALE' })
      // A node that never saw the newer one replays the older: every holder refuses.
      const replayer = await transport.join({ recordRules: { test: { ...rules, validate: () => {} } }, dht: 'client' })
      await replayer.network.dial(servers[0]?.network.addresses()[0] ?? '')
      await transport.until(async () => (await replayer.dht.put('/test/ready-2', Buffer.from('1 x'), deadline())) >= 3)
      assert.equal(await replayer.dht.put('/test/c', Buffer.from('4 replayed')), 0)
      for (const server of servers) assert.equal(Buffer.from((await server.dht.get('/test/c')) ?? []).toString(), '5 new')
    })

    it('refuses a value that its rules do not allow, and a namespace without rules', async () => {
      await assert.rejects(client.dht.put('/test/d', Buffer.from('no number')), { code: 'MALFORMED' })
      await assert.rejects(client.dht.put('/other/d', Buffer.from('1 x')), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(client.dht.get('/other/d'), { code: 'INVALID_ARGUMENT' })
    })

    it('finds who provides a name, with addresses, up to a limit', async () => {
      const providers = servers.slice(1)
      for (const node of providers) await node.dht.provide('cap:translate')
      const found = new Map<string, readonly string[]>()
      await transport.until(async () => {
        for await (const provider of client.dht.providers('cap:translate', 10, deadline())) found.set(provider.peer, provider.addresses)
        return found.size >= providers.length
      })
      assert.deepEqual([...found.keys()].sort(), providers.map(({ peer }) => peer).sort())
      assert.ok([...found.values()].every((addresses) => addresses.length > 0))
      let count = 0
      for await (const provider of client.dht.providers('cap:translate', 2)) if (provider.peer !== '') count++
      assert.equal(count, 2)
    })

    it('finds nobody for a name that nobody provides, and takes a withdrawal', async () => {
      for await (const provider of client.dht.providers('cap:none', 5, deadline())) assert.fail(provider.peer)
      await servers[1]?.dht.provide('cap:gone')
      await servers[1]?.dht.withdraw('cap:gone')
      for await (const provider of servers[1]?.dht.providers('cap:gone', 1, deadline()) ?? []) assert.notEqual(provider, undefined)
    })
  })
}

function deadline(): AbortSignal {
  return AbortSignal.timeout(1_500)
}
