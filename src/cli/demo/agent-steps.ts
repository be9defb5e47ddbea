import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Town, World } from './found-domains.ts'
import type { Programs } from './program.ts'
import { must, type Story, until } from './story.ts'
import { joinDomain, startNode, type TownNode } from './town-node.ts'

/** An agent of the demo: its own process, and the node beside it. */
export interface DemoAgent {
  readonly handle: string
  readonly process: ChildProcess
  readonly node: TownNode
}

export interface DemoAgents {
  readonly flight: DemoAgent
  readonly weather: DemoAgent
  readonly visa: DemoAgent
}

/** How long news may take to cross the swarm on a busy machine. */
const NEWS_MS = 15_000

/** Four agents enrol, register, attach, are found from the other domain, called and streamed. */
export async function agentSteps(story: Story, programs: Programs, world: World): Promise<DemoAgents> {
  story.chapter('Agents of one domain, found and called from the other')
  const { north, south } = world
  await story.step(
    'registration',
    "hotel@south.example, an agent written against Hansa's own API, enrols, registers and attaches; north finds it",
    async () => {
      const { hits, complete } = await north.gateway.admin.call('find', { capabilities: ['travel/hotel-booking'], status: 'any' })
      must(hits.length === 0, 'it is found before it is there')
      const card = await north.outsider.cardStatus('hotel@south.example')
      must(card === 404, `its card gives ${card} before it is there`)
      return `north finds ${hits.length} agents for travel/hotel-booking (answer complete: ${complete}); its card at north's gateway: ${card}`
    },
    async () => {
      const { said } = await programs.agent('hotel', join(south.dir, 'hotel.log'), [await joinDomain(programs, south.hub, south.dir, 'agent', 'hotel')])
      must(said['handle'] === 'hotel@south.example', `it says ${JSON.stringify(said)}`)
      const hit = await found(north, 'travel/hotel-booking', 'hotel@south.example')
      return `north finds ${hit.handle}, ${hit.status}, signed by ${hit.ars}`
    }
  )
  await story.step(
    'discovery',
    'what north is given is the address of a gateway of south, not of the agent (draft 3.2.3)',
    async () => {
      const { hits } = await north.gateway.admin.call('find', { capabilities: ['travel/submarine'], status: 'any' })
      must(hits.length === 0, 'a capability nobody has is found')
      return 'a capability that nobody has: 0 agents'
    },
    async () => {
      const { address } = await found(north, 'travel', 'hotel@south.example')
      must(address !== undefined && address.gateway && address.spiffeId === 'spiffe://south.example/agw/gw1', `the address is ${JSON.stringify(address)}`)
      must(address.peer === south.gateway.run.peer, "the address is not the gateway's")
      return `${address.spiffeId} at ${address.url}`
    }
  )

  const rest = await openRest(story, programs, world)
  await callSteps(story, world)
  return rest
}

async function openRest(story: Story, programs: Programs, { north, south }: World): Promise<DemoAgents> {
  let rest: DemoAgents | undefined
  await story.step(
    'catalog',
    "flight and weather of north, visa of south: each is in the other gateway's catalog",
    async () => {
      const [atNorth, atSouth] = await Promise.all([north.outsider.catalog(), south.outsider.catalog()])
      must(atSouth.length === 1 && atNorth.length === 1, 'the catalogs hold more than hotel')
      return `north's catalog has ${atNorth.length} agent, south's ${atSouth.length}`
    },
    async () => {
      const [flight, weather, visa] = await Promise.all([
        openAgent(programs, north, 'flight', ['--capability', 'travel/flight-booking', '--language', 'en']),
        openAgent(programs, north, 'weather', ['--capability', 'weather/forecast', '--language', 'en']),
        openAgent(programs, south, 'visa', ['--capability', 'travel/visa', '--language', 'en'])
      ])
      rest = { flight, weather, visa }
      const [atNorth, atSouth] = await until('all agents in both catalogs', NEWS_MS, async () => {
        const lists = await Promise.all([north.outsider.catalog(), south.outsider.catalog()])
        return lists.every((list) => list.length === 4) ? lists : undefined
      })
      must(atNorth.some((id) => id.includes('visa')) && atSouth.some((id) => id.includes('flight')), 'a catalog holds something else')
      return `both catalogs have ${atSouth.length} agents`
    }
  )
  must(rest !== undefined, 'no agents')
  return rest
}

async function callSteps(story: Story, { north, south }: World): Promise<void> {
  await story.step(
    'call',
    'an unmodified @a2a-js/sdk client at south calls flight@north.example, an agent that knows nothing of Hansa',
    async () => `a call to nobody@north.example: ${await south.outsider.refusalOf('nobody@north.example')}`,
    async () => {
      const question = `Hamburg to Lisbon, ${new Date().toISOString().slice(0, 10)}`
      const answer = await south.outsider.ask('flight@north.example', question)
      must(answer.includes('Lisbon'), `the answer was ${JSON.stringify(answer)}`)
      const { hops } = await south.gateway.admin.call('trace', { agent: 'flight@north.example' })
      must(hops.filter(({ gateway }) => gateway.includes('/agw/')).length === 2, `the way is ${JSON.stringify(hops)}`)
      return `"${answer}", by way of ${hops.map(({ gateway, ms }) => `${gateway.slice('spiffe://'.length)} (${ms.toFixed(1)} ms)`).join(', ')}`
    }
  )
  await story.step(
    'stream',
    'visa@south.example streams its answer to a client at north',
    async () => `a stream from nobody@south.example: ${await north.outsider.refusalOf('nobody@south.example')}`,
    async () => {
      const { texts, spreadMs } = await north.outsider.stream('visa@south.example', 'a visa for Sweden')
      must(texts.length >= 3, `it came in ${texts.length} pieces`)
      must(spreadMs >= 50, `all pieces came within ${spreadMs} ms, so nothing was streamed`)
      return `${texts.length} pieces over ${spreadMs} ms, the last: "${texts.at(-1)}"`
    }
  )
}

/** A program that speaks A2A, and a node beside it that puts it on the swarm. */
export async function openAgent(programs: Programs, town: Town, name: string, options: readonly string[]): Promise<DemoAgent> {
  const [{ child, said }, home] = await Promise.all([
    programs.agent(name, join(town.dir, `${name}-agent.log`)),
    joinDomain(programs, town.hub, town.dir, 'agent', name)
  ])
  const node = await startNode(programs, home, ['agent', 'run', '--card', String(said['card']), ...options])
  return { handle: `${name}@${town.domain}`, process: child, node }
}

/** The online hit for an agent, seen from a domain; waits for the news. */
export function found(from: Town, capability: string, handle: string) {
  return until(`${handle} among what ${from.domain} finds`, NEWS_MS, async () => {
    const { hits } = await from.gateway.admin.call('find', { capabilities: [capability] })
    return hits.find((hit) => hit.handle === handle && hit.status === 'online')
  })
}
