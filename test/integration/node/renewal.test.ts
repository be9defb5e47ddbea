import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { renewalTime } from '../../../src/core/pki/renewal.ts'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { parseCertificate } from '../../../src/wire/x509/certificate.ts'
import { until } from '../../support/until.ts'

const leafOf = (node: HansaNode) => parseCertificate(node.identities.chain()[0] ?? new Uint8Array())
const message = () => ({ messageId: randomUUID(), parts: [{ content: { case: 'text' as const, value: 'hello' } }] })

/** The ACA and the gateway are nodes of their own, so that a call and a certificate have nothing in common but whom they name. */
async function found(env: NodeJS.ProcessEnv): Promise<{ net: Testnet; north: TestDomain; flight: TestAgent; caller: TestAgent }> {
  const net = await createTestnet({ env })
  const north = await net.domain('north.example', [
    { name: 'ca', roles: ['aca'] },
    { name: 'gw', roles: ['ars', 'agw'] }
  ])
  const flight = await net.agent(north, 'flight', { capabilities: ['travel'] })
  const caller = await net.agent(north, 'caller', { capabilities: ['calling'] })
  await until('the caller finds it', async () => (await caller.node.swarm.find({ capabilities: ['travel'] }, {})).agents.length === 1)
  return { net, north, flight, caller }
}

describe('certificates that are renewed while calls go on (draft 3.1.2)', function () {
  this.timeout(90_000)
  /** Each node renews as often. */
  const ROUNDS = 5
  /** Calls open at a time. */
  const WIDTH = 16
  let net: Testnet
  let north: TestDomain
  let flight: TestAgent
  let caller: TestAgent

  before(async () => {
    // As fast as it goes: a caller's limit is not what is asked for here.
    ;({ net, north, flight, caller } = await found({ HANSA_LIMITS_CALL: '6000000/min' }))
  })
  after(() => net.stop())

  it('no call fails while the ACA, the gateway and both agents change theirs, again and again', async () => {
    const nodes = [north.node('ca'), north.node('gw'), flight.node, caller.node]
    const failed: unknown[] = []
    let good = 0
    let calling = true
    const callOn = async (): Promise<void> => {
      while (calling)
        try {
          await caller.node.swarm.send(flight.handle, message(), { timeoutMs: 20_000 })
          good++
        } catch (error) {
          failed.push(error)
        }
    }
    const callers = Array.from({ length: WIDTH }, callOn)
    try {
      const serials = new Set<string>()
      for (let round = 0; round < ROUNDS; round++)
        for (const node of nodes) {
          const [before, answered] = [leafOf(node).serial, good]
          await node.member.renew()
          assert.notEqual(leafOf(node).serial, before)
          serials.add(leafOf(node).serial)
          await until('calls go on with the new one', () => good >= answered + WIDTH || failed.length > 0, 20_000)
        }
      assert.equal(serials.size, ROUNDS * nodes.length)
    } finally {
      calling = false
      await Promise.all(callers)
    }
    assert.deepEqual([failed.length, failed.slice(0, 3).map(String)], [0, []])
    assert.ok(good >= ROUNDS * nodes.length * WIDTH, `${good} calls`)
  })

  it('whoever is met anew shows the new certificate, and is believed', async () => {
    const late = await net.agent(north, 'late', { capabilities: ['late'] })
    await late.node.swarm.send(flight.handle, message(), { timeoutMs: 20_000 })
    await until('the gateway has seen the last one', async () => {
      const { serial } = await north.node('gw').rpc.hello({ peer: flight.node.network.peer })
      return serial === leafOf(flight.node).serial
    })
  })
})

describe('a node whose ACA is away', function () {
  this.timeout(120_000)
  let net: Testnet
  let north: TestDomain
  let flight: TestAgent
  let caller: TestAgent

  before(async () => {
    // The shortest life there is: it is renewed within twenty seconds of its beginning.
    ;({ net, north, flight, caller } = await found({ HANSA_CA_LIFETIMES_AGENT: '1m' }))
  })
  after(() => net.stop())

  it('keeps working, tries again, and renews by itself when the ACA is back', async () => {
    const hello = () => caller.node.swarm.send(flight.handle, message(), { timeoutMs: 20_000 })
    let missed = 0
    await net.restart(north.node('ca'), async () => {
      const { serial, notBefore, notAfter } = leafOf(flight.node)
      const due = renewalTime(notBefore, notAfter, 0)
      await until(
        'the time to renew has passed',
        async () => {
          await hello()
          missed++
          return Date.now() > due + 2000
        },
        30_000
      )
      assert.equal(leafOf(flight.node).serial, serial)
      await assert.rejects(flight.node.member.renew())
      assert.ok(Date.now() < notAfter)
      await hello()
    })
    assert.ok(missed > 0)
    const held = [flight.node, caller.node].map((node) => ({ node, serial: leafOf(node).serial, until: leafOf(node).notAfter }))
    await until('both agents have a new one', () => held.every(({ node, serial }) => leafOf(node).serial !== serial), 40_000)
    for (const { node, until } of held) assert.ok(leafOf(node).notBefore < until)
    await hello()
  })
})
