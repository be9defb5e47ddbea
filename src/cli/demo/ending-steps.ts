import { toHansaError } from '../../schema/errors.ts'
import { type DemoAgents, found } from './agent-steps.ts'
import type { World } from './found-domains.ts'
import { isListedAsRevoked } from './public-chain.ts'
import { must, refusal, type Story, until } from './story.ts'

const NEWS_MS = 20_000
const HOTEL = 'hotel@south.example'

/** Death, farewell, flood, revocation and disconnection, each seen from the other domain. */
export async function endingSteps(story: Story, world: World, agents: DemoAgents): Promise<void> {
  story.chapter('What goes wrong, seen from the other domain')
  await killed(story, world, agents)
  await deregistered(story, world, agents)
  await flooded(story, world, agents)
  await revoked(story, world, agents)
  await disconnected(story, world)
}

async function killed(story: Story, { south }: World, { weather }: DemoAgents): Promise<void> {
  await story.step(
    'death',
    'weather@north.example is killed (SIGKILL, only the agent: its node lives on) and turns offline at south',
    async () => {
      const answer = await south.outsider.ask(weather.handle, 'tomorrow in Visby?')
      return `alive, it answers south "${answer}"`
    },
    async () => {
      weather.process.kill('SIGKILL')
      await until('offline at south', NEWS_MS, async () => {
        const { routes } = await south.gateway.admin.call('routes', {})
        return routes.some((route) => route.handle === weather.handle && route.status === 'offline' && !route.applicable)
      })
      const reason = await south.outsider.refusalOf(weather.handle)
      must(reason === 'AGENT_UNREACHABLE', `a call gives ${reason}`)
      const catalog = await south.outsider.catalog()
      must(!catalog.some((id) => id.includes('weather')), 'it is still in the catalog')
      return `south's routing table has it offline and inapplicable; it left the catalog; a call gives ${reason}`
    }
  )
}

async function deregistered(story: Story, { north }: World, { visa }: DemoAgents): Promise<void> {
  await story.step(
    'deregistration',
    'visa@south.example deregisters and disappears at north',
    async () => {
      const hit = await found(north, 'travel/visa', visa.handle)
      return `north finds ${hit.handle}, ${hit.status}`
    },
    async () => {
      await visa.node.admin.call('deregister', { agent: visa.handle })
      await until('gone from north', NEWS_MS, async () => {
        const { hits } = await north.gateway.admin.call('find', { capabilities: ['travel/visa'], status: 'any' })
        const catalog = await north.outsider.catalog()
        return hits.length === 0 && !catalog.some((id) => id.includes('visa'))
      })
      return `north finds 0 agents for travel/visa; a call gives ${await north.outsider.refusalOf(visa.handle)}`
    }
  )
}

async function flooded(story: Story, { south }: World, { flight, weather }: DemoAgents): Promise<void> {
  const ask = (agent: typeof flight) => agent.node.admin.call('find', { capabilities: ['travel'] })
  await story.step(
    'flood',
    'flight@north.example floods discovery and is cut at its quota of 60 a minute; others are not',
    async () => {
      const { hits } = await ask(flight)
      return `one request goes through, ${hits.length} hits`
    },
    async () => {
      let passed = 1
      let wait = ''
      for (let sent = 1; sent < 100 && wait === ''; sent++) {
        try {
          await ask(flight)
          passed++
        } catch (error) {
          const refused = toHansaError(error)
          must(refused.code === 'RATE_LIMITED', `request ${sent} gave ${refused.code}: ${refused.message}`)
          wait = refused.metadata['retryAfterMs'] ?? ''
        }
      }
      must(wait !== '', `${passed} requests went through`)
      // The quota refills by one a second, so a slow machine lets a few more pass.
      must(passed >= 60 && passed < 100, `the cut came after ${passed}`)
      const { hits } = await ask(weather)
      // Seen from the other domain: what the flooder offers is found and called there as before.
      const hit = await found(south, 'travel/flight-booking', flight.handle)
      const answer = await south.outsider.ask(flight.handle, 'Hamburg to Visby')
      must(answer.includes('Visby'), `the answer was ${JSON.stringify(answer)}`)
      return `${passed} passed, then RATE_LIMITED with ${wait} ms to wait; weather@north.example still finds ${hits.length}, and south still finds and calls ${hit.handle}`
    }
  )
}

async function revoked(story: Story, { north, south }: World, { flight }: DemoAgents): Promise<void> {
  await story.step(
    'revocation',
    'the certificate of flight@north.example is revoked; its holder is refused and south no longer finds it',
    async () => {
      const hit = await found(south, 'travel/flight-booking', flight.handle)
      const { state } = await flight.node.admin.call('ownCertificateStatus', {})
      must(state === 'good', `its certificate is ${state}`)
      return `south finds ${hit.handle}; its certificate is ${state}`
    },
    async () => {
      const { revoked: certificates, crlNumber } = await north.hub.admin.call('revoke', { certificate: flight.handle, reason: 'keyCompromise' })
      const serial = certificates[0]?.serial ?? ''
      must(await isListedAsRevoked(north.hub.run.ingress ?? '', serial), "the list at north's public door does not have it")
      await until('gone from south', NEWS_MS, async () => {
        const { hits } = await south.gateway.admin.call('find', { capabilities: ['travel/flight-booking'], status: 'any' })
        const catalog = await south.outsider.catalog()
        return hits.length === 0 && !catalog.some((id) => id.includes('flight'))
      })
      const holder = await refusal('a request of the holder', () => flight.node.admin.call('find', { capabilities: ['travel'] }))
      must(holder === 'CERTIFICATE_REVOKED', `the holder is refused with ${holder}`)
      return `CRL number ${crlNumber}; the holder gets ${holder}; a call from south gives ${await south.outsider.refusalOf(flight.handle)}`
    }
  )
}

async function disconnected(story: Story, { north, south }: World): Promise<void> {
  await story.step(
    'disconnection',
    'the gateway of south disconnects; its agents are gone from north',
    async () => {
      const answer = await north.outsider.ask(HOTEL, 'one more night')
      return `connected, hotel answers north "${answer.slice(0, 60)}"`
    },
    async () => {
      await south.gateway.admin.call('disconnect', { gateway: 'spiffe://north.example/agw/gw1' })
      await until('gone from north', NEWS_MS, async () => (await north.outsider.catalog()).length === 0)
      const { neighbors } = await north.gateway.admin.call('neighbors', {})
      must(!neighbors.some(({ domain }) => domain === 'south.example'), 'south is still in the neighbour list')
      const reason = await north.outsider.refusalOf(HOTEL)
      must(reason === 'NO_ROUTE' || reason === 'AGENT_NOT_FOUND', `a call gives ${reason}`)
      return `north's neighbour list and catalog are empty; a call gives ${reason}`
    }
  )
}
