import { create } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { linkCost, steadyCost } from '../../../../src/core/routing/link-cost.ts'
import { LinkGraph } from '../../../../src/core/routing/link-graph.ts'
import { choose, routeTo } from '../../../../src/core/routing/route-table.ts'
import { AgentStatus } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { AgentAdvertSchema } from '../../../../src/schema/generated/hansa/v1/gateway_pb.ts'

/** A graph of undirected links: 'a-b 3'. */
function graph(...links: string[]): LinkGraph {
  const all = new Map<string, { to: string; cost: number }[]>()
  for (const link of links) {
    const [, a = '', b = '', cost = '1'] = /^(\w)-(\w) ?(\d*)$/.exec(link) ?? []
    for (const [from, to] of [
      [a, b],
      [b, a]
    ] as const)
      all.set(from, [...(all.get(from) ?? []), { to, cost: Number(cost === '' ? 1 : cost) }])
  }
  const made = new LinkGraph()
  for (const [origin, named] of all) made.set(origin, named)
  return made
}

describe('core/routing', () => {
  it('finds the shortest path and the neighbour on it', () => {
    const paths = graph('a-b 1', 'b-c 1', 'a-c 5', 'c-d 1').paths('a')
    assert.deepEqual(paths.get('c'), { to: 'c', via: 'b', cost: 2, hops: 2 })
    assert.deepEqual(paths.get('d'), { to: 'd', via: 'b', cost: 3, hops: 3 })
    assert.equal(paths.has('a'), false)
  })

  it('does not believe a link that only one end names', () => {
    const links = graph('a-b')
    links.set('m', [
      { to: 'a', cost: 1 },
      { to: 'z', cost: 1 }
    ])
    assert.deepEqual([...links.paths('a').keys()], ['b'])
  })

  it('takes the larger cost of the two ends', () => {
    const links = new LinkGraph()
    links.set('a', [{ to: 'b', cost: 2 }])
    links.set('b', [{ to: 'a', cost: 7 }])
    assert.equal(links.paths('a').get('b')?.cost, 7)
    assert.equal(links.paths('b').get('a')?.cost, 7)
  })

  it('breaks ties by fewer links, then by name, whatever the order of insertion', () => {
    assert.equal(graph('a-b 1', 'b-d 1', 'a-d 2').paths('a').get('d')?.via, 'd')
    assert.equal(graph('a-c 1', 'c-d 1', 'a-b 1', 'b-d 1').paths('a').get('d')?.via, 'b')
    assert.equal(graph('a-b 1', 'b-d 1', 'a-c 1', 'c-d 1').paths('a').get('d')?.via, 'b')
  })

  it('goes around what is to be avoided, or nowhere', () => {
    const links = graph('a-b 1', 'b-d 1', 'a-c 3', 'c-d 3')
    assert.equal(links.paths('a', new Set(['b'])).get('d')?.via, 'c')
    assert.equal(links.paths('a', new Set(['b', 'c'])).has('d'), false)
  })

  it('forgets the links of an origin that is gone', () => {
    const links = graph('a-b', 'b-c')
    links.delete('b')
    assert.equal(links.paths('a').size, 0)
  })

  describe('choice among the gateways of an agent', () => {
    const paths = graph('a-b 1', 'b-c 1').paths('a')
    const advertised = (origin: string, status: AgentStatus = AgentStatus.ONLINE, confirmed = true) =>
      routeTo({ advert: create(AgentAdvertSchema, { handle: 'x@c.example', status }), origin, confirmed }, 'a', paths)

    it('takes the nearest that is applicable', () => {
      const chosen = choose([advertised('c'), advertised('b', AgentStatus.OFFLINE), advertised('z')])
      assert.equal(chosen.kind === 'route' && chosen.route.origin, 'c')
      const nearer = choose([advertised('c'), advertised('b')])
      assert.equal(nearer.kind === 'route' && nearer.route.origin, 'b')
    })

    it('tells apart unknown, offline and no way', () => {
      assert.equal(choose([]).kind, 'unknown')
      assert.equal(choose([advertised('b', AgentStatus.OFFLINE)]).kind, 'offline')
      assert.equal(choose([advertised('z')]).kind, 'no-route')
      assert.equal(choose([advertised('b', AgentStatus.ONLINE, false)]).kind, 'offline', 'what a restarted gateway has not confirmed is not used')
    })
  })

  it('advertises a cost anew only when it has doubled or halved', () => {
    assert.equal(steadyCost(undefined, 12), 12)
    assert.equal(steadyCost(12, 20), 12)
    assert.equal(steadyCost(12, 24), 24)
    assert.equal(steadyCost(1, 4), 1, 'a few milliseconds are noise')
    assert.equal(linkCost(0.2), 1)
    assert.equal(linkCost(0), 10)
  })
})
