import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { CrlGossipSchema, CrlNoticeSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { unhex } from '../../../../src/core/ids/hex.ts'
import { MAX_GOSSIP_BYTES, TOPICS } from '../../../../src/wire/topics.ts'
import { methods } from '../../../../src/wire/methods.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { issuingList } from '../../../support/lists.ts'
import { seededRandom } from '../../../support/memory/random.ts'
import { MemorySwarm } from '../../../support/memory/swarm.ts'
import { type TestNode, testDomain } from '../../../support/pki.ts'
import { type TrustNode, trustNode } from '../../../support/trust-node.ts'

const MINUTE = 60_000
const SEED = 7

/** Serials of 16 bytes. */
const serials = (count: number): string[] => Array.from({ length: count }, (_, index) => `7${index.toString(16).padStart(31, '0')}`)

/** A domain of one ACA and some gateways, all of which know each other. */
async function setting(gateways: number) {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock, SEED, { delayMs: 2 })
  const random = seededRandom(SEED)
  const north = await testDomain('north.example', clock.now())
  const server = await trustNode(swarm, { domain: north, name: 'core', roles: ['aca', 'ars'], aca: {}, random })
  const nodes: TrustNode[] = []
  for (let index = 0; index < gateways; index++)
    nodes.push(await trustNode(swarm, { domain: north, name: `gw${index}`, roles: ['agw'], bootstrap: [server.address], random }))
  await clock.until(() => nodes.every((node) => node.member.nodes().length === gateways && node.network.peers().length === gateways), 5 * MINUTE, 100)
  const issuer = server.identities.crl('north.example')?.issuer ?? ''
  /** Lists asked for at one node, and what was asked of it in vain. */
  const served = (node: TrustNode): { count: number } => {
    const seen = { count: 0 }
    const { crls } = node.identities
    node.identities.crls = (domain) => {
      const held = crls(domain)
      // Only what serves a request asks in a turn of its own; the rest is not counted by size.
      if (new Error().stack?.includes('#serve') === true) seen.count++
      return held
    }
    return seen
  }
  return { clock, swarm, north, server, nodes, issuer, served }
}

function notice(signer: TrustNode, domain: string, issuer: string, number: number): Uint8Array {
  const record = signer.records.seal(CrlNoticeSchema, { domain, issuer: unhex(issuer), number: BigInt(number) })
  return toBinary(CrlGossipSchema, create(CrlGossipSchema, { news: { case: 'notice', value: toBinary(SignedRecordSchema, record) } }))
}

const numberAt = (node: TrustNode) => node.identities.crl('north.example')?.number

describe('member: word of a list that is too large for gossip', () => {
  it('makes every node fetch it, most of them not from the ACA', async () => {
    const { clock, north, server, nodes, issuer, served } = await setting(12)
    const list = issuingList(north, { number: 100, now: clock.now(), serials: serials(3000) })
    assert.ok(list.crl.length > MAX_GOSSIP_BYTES)
    server.identities.acceptCrl(list)
    const atAca = served(server)
    await server.pubsub.publish(TOPICS.crl, notice(server, 'north.example', issuer, 100))
    await clock.until(() => nodes.every((node) => numberAt(node) === 100), 10_000, 10)
    assert.ok(atAca.count < nodes.length / 2, `${atAca.count} of ${nodes.length} asked the ACA`)
    assert.equal(nodes[0]?.identities.crl('north.example')?.revoked.size, 3000)
  })

  it('counts only from the ACA of that domain, and only when it is news', async () => {
    const { clock, server, nodes, issuer, served } = await setting(2)
    const [first, second] = nodes
    assert.ok(first !== undefined && second !== undefined)
    const asked = [served(server), served(first), served(second)]
    await first.pubsub.publish(TOPICS.crl, notice(first, 'north.example', issuer, 100))
    await server.pubsub.publish(TOPICS.crl, notice(server, 'south.example', issuer, 100))
    await server.pubsub.publish(TOPICS.crl, notice(server, 'north.example', issuer, numberAt(server) ?? 0))
    await server.pubsub.publish(TOPICS.crl, new Uint8Array([1, 2, 3]))
    await clock.advance(MINUTE)
    assert.deepEqual(
      asked.map(({ count }) => count),
      [0, 0, 0]
    )
  })

  it('costs a bounded number of questions, however much there is of it and though nobody has the list', async () => {
    const { clock, server, nodes, issuer, served } = await setting(2)
    const atAca = served(server)
    for (let number = 100; number < 200; number++) await server.pubsub.publish(TOPICS.crl, notice(server, 'north.example', issuer, number))
    await clock.advance(2 * MINUTE)
    assert.ok(atAca.count > 0 && atAca.count <= 2 * 5 * nodes.length, `${atAca.count} questions`)
  })
})

describe('member: asking for revocation lists', () => {
  it('brings only what is newer than what is held', async () => {
    const { clock, server, nodes, issuer } = await setting(1)
    const [gateway] = nodes
    assert.ok(gateway !== undefined)
    const target = { peer: server.peer, addresses: [server.address] }
    const number = BigInt(numberAt(server) ?? 0)
    const held = (at: bigint) => [{ issuer: unhex(issuer) ?? new Uint8Array(), number: at }]
    // By the length of its chain: 2 is the list of the issuing CA, 1 that of the root, which the question does not name.
    const brought = async (question: { held?: ReturnType<typeof held> }) =>
      (await clock.run(gateway.rpc.call(target, methods.crl, question))).lists.map(({ chain }) => chain.length).sort()
    assert.deepEqual(await brought({ held: held(number) }), [1])
    assert.deepEqual(await brought({ held: held(number - 1n) }), [1, 2])
    assert.deepEqual(await brought({}), [1, 2])
  })

  it('brings lists of other domains from a node of the own one, and only for its members', async () => {
    const { clock, swarm, server, nodes } = await setting(1)
    const [gateway] = nodes
    const south = await testDomain('south.example', clock.now())
    assert.ok(gateway !== undefined)
    for (const each of [server, gateway]) await each.identities.list('south.example', [south.root])
    server.identities.acceptCrl(issuingList(south, { number: 4, now: clock.now() }))
    await clock.run(gateway.member.refresh())
    assert.equal(gateway.identities.crl('south.example')?.number, 4)
    const stranger = await trustNode(swarm, { domain: south, name: 'new' })
    const { lists } = await clock.run(stranger.rpc.call({ peer: server.peer, addresses: [server.address] }, methods.crl, {}))
    assert.deepEqual([...new Set(lists.map(({ domain }) => domain))], ['north.example'])
  })

  it('goes on with the other lists when one of them is not believed', async () => {
    const { clock, swarm, north, server } = await setting(1)
    const newcomer = await trustNode(swarm, { domain: north, name: 'late', roles: ['agw'] })
    const south = await testDomain('south.example', clock.now())
    await server.identities.list('south.example', [south.root])
    server.identities.acceptCrl(issuingList(south, { number: 1, now: clock.now() }))
    await clock.run(newcomer.network.dial(server.address))
    await clock.run(newcomer.member.refresh())
    assert.equal(numberAt(newcomer), numberAt(server))
  })
})

describe('member: a hold that is lifted', () => {
  it('makes the holder a member again, everywhere and by itself', async () => {
    const { clock, north, server, nodes } = await setting(2)
    const [held, other] = nodes
    assert.ok(held !== undefined && other !== undefined)
    const publish = async (number: number, revoked: TrustNode[]): Promise<void> => {
      const list = issuingList(north, { number, now: clock.now(), revoked: revoked.map(({ identities }) => ({ chain: identities.chain() }) as TestNode) })
      server.identities.acceptCrl(list)
      await server.pubsub.publish(TOPICS.crl, toBinary(CrlGossipSchema, create(CrlGossipSchema, { news: { case: 'list', value: list } })))
    }
    await publish(100, [held])
    await clock.until(() => [server, other].every((node) => !node.member.nodes().some(({ peerId }) => peerId === held.peer)), MINUTE, 50)
    await assert.rejects(clock.run(held.rpc.call({ peer: other.peer, addresses: [other.address] }, methods.ping, {})), { code: 'CERTIFICATE_REVOKED' })
    await clock.advance(MINUTE)
    await publish(101, [])
    await clock.until(() => [server, other].every((node) => node.member.nodes().some(({ peerId }) => peerId === held.peer)), 10 * MINUTE, 500)
    await clock.run(held.rpc.call({ peer: other.peer, addresses: [other.address] }, methods.ping, {}))
  })
})

describe('member: a node that has been away for too long', () => {
  it('believes nobody at first, gets the list from whoever it reaches, and then knows its domain again', async () => {
    const { clock, swarm, north, server } = await setting(1)
    const late = await trustNode(swarm, {
      ...{ domain: north, name: 'late', roles: ['agw'] as const, bootstrap: [server.address] },
      stale: { refuse: true, graceMs: 0 }
    })
    late.identities.acceptCrl(issuingList(north, { number: 0, now: clock.now() - 10 * MINUTE, lifetimeMs: MINUTE }))
    await clock.until(() => late.member.find('aca').length === 1, MINUTE, 50)
    assert.equal(numberAt(late), numberAt(server))
  })
})
