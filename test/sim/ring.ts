import { AgentStatus } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { applicable, digestOf, type GatewaySim, type SimGateway, type SimNode } from './gateway-sim.ts'

const AGENTS = 3

export interface Domain {
  readonly name: string
  gateway: SimGateway
  readonly ars: SimNode
  readonly agents: readonly SimNode[]
}

/** One thing that happens; a list of them is the story of a sim, which a failure prints. */
export type Operation =
  | { readonly kind: 'attach' | 'detach' | 'offline' | 'online'; readonly domain: number; readonly agent: number }
  | { readonly kind: 'restart'; readonly domain: number }
  | { readonly kind: 'pass'; readonly ms: number }

/** Domains whose gateways stand in a ring with chords, so that a partition cuts several links and one lost neighbour isolates nobody. */
export class Ring {
  readonly sim: GatewaySim
  readonly domains: readonly Domain[]
  readonly story: Operation[] = []
  /** Agents that are attached, and whether they are online: what every gateway must come to know. */
  readonly #online = new Map<string, boolean>()

  private constructor(sim: GatewaySim, domains: readonly Domain[]) {
    this.sim = sim
    this.domains = domains
  }

  static async of(sim: GatewaySim): Promise<Ring> {
    const domains: Domain[] = []
    for (const name of sim.domains) {
      const agents: SimNode[] = []
      for (let index = 0; index < AGENTS; index++) agents.push(await sim.agent(`agent${index}`, name))
      domains.push({ name, gateway: await sim.gateway('gw', name), ars: await sim.ars(name), agents })
    }
    for (const [index, { gateway }] of domains.entries())
      for (const step of [1, 2]) if (step < domains.length) await sim.connect(gateway, at(domains, (index + step) % domains.length).gateway)
    return new Ring(sim, domains)
  }

  /** Agents come, go, fall silent and return, drawn by the sim's seed. */
  async happen(count: number): Promise<void> {
    const { random } = this.sim.swarm
    const draw = (below: number) => Math.floor(random() * below)
    const kinds = ['attach', 'attach', 'detach', 'offline', 'online'] as const
    for (let index = 0; index < count; index++) {
      if (random() < 0.2) await this.#run({ kind: 'pass', ms: draw(500) })
      else await this.#run({ kind: at(kinds, draw(kinds.length)), domain: draw(this.domains.length), agent: draw(AGENTS) })
    }
  }

  /** The gateway of a random domain ends in order and starts again; those of its agents that were online attach again. */
  restartOne(): Promise<void> {
    return this.#run({ kind: 'restart', domain: Math.floor(this.sim.swarm.random() * this.domains.length) })
  }

  /** Until every gateway has the same table, with exactly the agents that are attached. Throws what differs, and the story, after `limitMs`. */
  async settle(limitMs: number): Promise<void> {
    try {
      await this.sim.clock.until(() => this.#converged(), limitMs, 100)
    } catch (cause) {
      const digests = this.domains.map(({ gateway }) => `${gateway.identity.spiffeId}\n${digestOf(gateway)}\n  ${applicable(gateway).join(' ')}`).join('\n')
      const wanted = [...this.#online].map(([handle, is]) => `${handle}=${String(is)}`).join(' ')
      const story = this.story.map((one) => JSON.stringify(one)).join('\n')
      throw new Error(`seed ${this.sim.swarm.seed} did not converge\nwanted ${wanted}\n${digests}\n${story}`, { cause })
    }
  }

  async #run(operation: Operation): Promise<void> {
    this.story.push(operation)
    if (operation.kind === 'pass') return this.sim.clock.advance(operation.ms)
    const domain = at(this.domains, operation.domain)
    if (operation.kind === 'restart') return this.#restart(domain)
    const agent = at(domain.agents, operation.agent)
    const handle = handleOf(agent)
    if (operation.kind === 'attach') {
      await this.sim.attach(agent, domain.gateway, domain.ars)
      this.#online.set(handle, true)
    } else if (operation.kind === 'detach') {
      await this.sim.detach(agent, domain.gateway)
      this.#online.delete(handle)
    } else {
      await this.sim.heartbeat(agent, domain.gateway, operation.kind === 'online' ? AgentStatus.ONLINE : AgentStatus.OFFLINE)
      if (this.#online.has(handle)) this.#online.set(handle, operation.kind === 'online')
    }
  }

  async #restart(domain: Domain): Promise<void> {
    const { sim } = this
    await sim.clock.run(domain.gateway.control.stop())
    await domain.gateway.stop()
    await sim.clock.advance(1_000)
    domain.gateway = await sim.gateway('gw', domain.name)
    for (const agent of domain.agents) {
      if (this.#online.get(handleOf(agent)) === true) await sim.attach(agent, domain.gateway, domain.ars)
      else this.#online.delete(handleOf(agent))
    }
  }

  #converged(): boolean {
    const wanted = [...this.#online].flatMap(([handle, is]) => (is ? [handle] : [])).sort()
    const known = [...this.#online.keys()].sort()
    const first = digestOf(at(this.domains, 0).gateway)
    return this.domains.every(({ gateway }) => {
      const listed = [...new Set(gateway.control.routes().map(({ advert }) => advert.handle))].sort()
      return digestOf(gateway) === first && applicable(gateway).sort().join() === wanted.join() && listed.join() === known.join()
    })
  }
}

function handleOf(agent: SimNode): string {
  return `${agent.identity.name}@${agent.identity.domain}`
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}
