import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkAtPublicDoor } from './public-chain.ts'
import { type Outsider, outsiderAt } from './outsider.ts'
import type { Programs } from './program.ts'
import { must, refusal, type Story, until } from './story.ts'
import { joinDomain, startNode, type TownNode } from './town-node.ts'
import { BOOKING, tmx } from './translation-memory.ts'

/** One domain of the demo. */
export interface Town {
  readonly domain: string
  readonly dir: string
  /** Has the roles aca and ars. */
  readonly hub: TownNode
  readonly gateway: TownNode
  /** Stands at the gateway's public door. */
  readonly outsider: Outsider
  /** The translation memory of the gateway, a TMX file. */
  readonly memory: string
}

export interface World {
  readonly north: Town
  readonly south: Town
}

/** Two domains in one swarm, their gateways enrolled and interconnected. */
export async function foundDomains(story: Story, programs: Programs, dir: string): Promise<World> {
  story.chapter('Two domains, one swarm')
  const northDir = join(dir, 'north')
  const southDir = join(dir, 'south')
  let northHub: TownNode | undefined
  let southHub: TownNode | undefined
  await story.step(
    'founding',
    'north.example and south.example are founded, each with its own root',
    async () => `a node without a home: ${await refusal('up without a home', () => programs.json(['up', '--home', join(northDir, 'hub')]))}`,
    async () => {
      northHub = await foundHub(programs, northDir, 'north.example')
      const invite = join(dir, 'swarm.invite')
      await writeFile(invite, String((await programs.json(['invite', '--swarm', '--home', northHub.home]))['invite']), { mode: 0o600 })
      southHub = await foundHub(programs, southDir, 'south.example', ['--swarm', invite])
      const [northRoot, southRoot] = await Promise.all([rootOf(northHub), rootOf(southHub)])
      must(northRoot !== southRoot, 'both domains have the same root')
      return `two roots, ${northRoot.slice(0, 15)}… and ${southRoot.slice(0, 15)}…; south joined the swarm by north's invite`
    }
  )
  must(northHub !== undefined && southHub !== undefined, 'no domains')

  const hubs = { north: northHub, south: southHub }
  let north: Town | undefined
  let south: Town | undefined
  await story.step(
    'enrolment',
    'each gateway enrols with a one-use voucher and gets its certificate',
    () => forgedVoucher(programs, hubs.north, northDir),
    async () => {
      ;[north, south] = await Promise.all([
        openGateway(programs, hubs.north, northDir, 'north.example'),
        openGateway(programs, hubs.south, southDir, 'south.example')
      ])
      const { certificates } = await hubs.south.admin.call('certificates', {})
      const issued = certificates.find(({ spiffeId }) => spiffeId === 'spiffe://south.example/agw/gw1')
      must(issued?.state === 'good', 'the ACA does not know the certificate of the gateway')
      must(hubs.south.run.ingress !== undefined, 'the ACA of south has no public door')
      const { chainPem } = await south.gateway.admin.call('ownCertificate', {})
      const root = await checkAtPublicDoor(hubs.south.run.ingress, chainPem)
      return `spiffe://south.example/agw/gw1 holds serial ${issued.serial.slice(0, 12)}…, ${issued.state}; by south's public door its chain leads to root ${root.slice(0, 14)}… and it is not on the revocation list`
    }
  )
  must(north !== undefined && south !== undefined, 'no gateways')
  const world = { north, south }
  await interconnect(story, world)
  return world
}

async function foundHub(programs: Programs, dir: string, domain: string, more: readonly string[] = []): Promise<TownNode> {
  const home = join(dir, 'hub')
  await programs.json(['init', '--home', home, '--domain', domain, '--roles', 'aca,ars', '--name', 'hub', ...more])
  return startNode(programs, home, ['up'])
}

async function openGateway(programs: Programs, hub: TownNode, dir: string, domain: string): Promise<Town> {
  const memory = join(dir, 'memory.tmx')
  await writeFile(memory, tmx(BOOKING))
  // Only south can translate: the gateway of the target does it by default.
  const language: Record<string, string> = domain === 'south.example' ? { HANSA_GATEWAY_LANGUAGE_MEMORY: memory } : {}
  const gateway = await startNode(programs, await joinDomain(programs, hub, dir, 'agw', 'gw1'), ['up'], language)
  must(gateway.run.ingress !== undefined, `the gateway of ${domain} has no ingress`)
  return { domain, dir, hub, gateway, outsider: outsiderAt(gateway.run.ingress), memory }
}

/** An invite used a second time: the voucher in it was good for one node only. */
async function forgedVoucher(programs: Programs, hub: TownNode, dir: string): Promise<string> {
  const { invite } = await programs.json(['invite', '--home', hub.home, '--role', 'agent', '--name', 'once'])
  await programs.json(['join', '-', '--home', join(dir, 'once')], String(invite))
  return `an invite used a second time: ${await refusal('the second use', () => programs.json(['join', '-', '--home', join(dir, 'twice')], String(invite)))}`
}

async function rootOf(node: TownNode): Promise<string> {
  const { domains } = await node.admin.call('roots', {})
  return domains.find(({ own }) => own)?.roots[0]?.sha256 ?? ''
}

async function interconnect(story: Story, { north, south }: World): Promise<void> {
  await story.step(
    'interconnection',
    'the gateways interconnect after each operator listed the other domain',
    async () => {
      const unlisted = await refusal('a connection to an unlisted domain', () => north.gateway.admin.call('connect', { address: south.gateway.address }))
      const wrong = await refusal('a connection with another root', () =>
        north.gateway.admin.call('connect', { address: south.gateway.address, root: `SHA256:${'0'.repeat(64)}` })
      )
      return `domain not listed: ${unlisted}; root with another fingerprint: ${wrong}`
    },
    async () => {
      const root = await rootOf(south.hub)
      await until('interconnection', 10_000, async () =>
        north.gateway.admin.call('connect', { address: south.gateway.address, root }).catch((error: unknown) => {
          // South learns north's root from its hub, which may take a moment.
          if (error instanceof Error && 'code' in error && (error.code === 'UNKNOWN_DOMAIN' || error.code === 'PERMISSION_DENIED')) return undefined
          throw error
        })
      )
      const seen = await until('north in the neighbour list of south', 10_000, async () => {
        const { neighbors } = await south.gateway.admin.call('neighbors', {})
        return neighbors.find(({ domain, status }) => domain === 'north.example' && status === 'running')
      })
      return `south's AGw Neighbor List has ${seen.gateway}, ${seen.status}`
    }
  )
}
