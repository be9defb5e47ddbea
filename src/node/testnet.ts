import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHandlerClient } from '../adapters/inprocess-agent/handler-client.ts'
import type { MessageHandler } from '../adapters/inprocess-agent/handler.ts'
import { sha256 } from '../adapters/system/crypto.ts'
import type { Role } from '../core/ids/role.ts'
import type { AgentClient } from '../ports/agent-client.ts'
import { HansaError } from '../schema/errors.ts'
import { createNode } from './create-node.ts'
import type { HansaNode, NodeOptions } from './hansa-node.ts'
import { initHome } from './init-home.ts'
import { joinHome } from './join-home.ts'

type Env = NonNullable<NodeOptions['env']>

export interface TestnetOptions {
  /** Between heartbeats of agents and gateways, and between probes of agents, in milliseconds; at least 200, which is the default. */
  readonly heartbeatMs?: number
  /** Settings for every node, as environment variables: HANSA_GATEWAY_EXPORT and so on. */
  readonly env?: Env
}

export interface TestNode {
  readonly name: string
  /** The founder's must contain aca. */
  readonly roles: readonly Role[]
  readonly env?: Env
}

export interface TestDomain {
  readonly name: string
  /** The node that founded the domain. */
  readonly founder: HansaNode
  /** By name; a node that was restarted is the new one. Throws NOT_FOUND. */
  node(name: string): HansaNode
  /** All nodes of the domain that have been founded or have joined and run, agents' nodes not among them. */
  nodes(): HansaNode[]
}

/** An agent in this process: what answers, and what the directory says of it. */
export interface TestAgentOptions {
  readonly handler?: MessageHandler
  /** Instead of a handler: whatever speaks to the agent. */
  readonly client?: AgentClient
  /** Instead of a handler: URL of the card of an A2A agent. */
  readonly card?: string
  readonly description?: string
  readonly capabilities?: readonly string[]
  readonly languages?: readonly string[]
  /** agent alone otherwise. */
  readonly roles?: readonly Role[]
  readonly env?: Env
  /** False: do not wait until it is registered and attached. */
  readonly ready?: boolean
}

export interface TestAgent {
  readonly handle: string
  readonly node: HansaNode
}

/** Many nodes in one process: real homes in a temporary directory, real libp2p on loopback, one private swarm. */
export interface Testnet extends AsyncDisposable {
  /** Where the homes are. */
  readonly dir: string
  /** Founds a domain; the first node has the role aca, the others join by invite. The first domain founds the swarm, too; it is listed by the later ones. */
  domain(name: string, nodes: readonly [TestNode, ...TestNode[]]): Promise<TestDomain>
  /** A node that joins a domain by invite and starts. */
  join(domain: TestDomain, node: TestNode): Promise<HansaNode>
  /** A home that has joined a domain, not started. Throws what the domain refuses it with. */
  enrol(domain: TestDomain, name: string, roles: readonly Role[]): Promise<string>
  /** Puts an agent on a domain, beside a node of its own. */
  agent(domain: TestDomain, name: string, options?: TestAgentOptions): Promise<TestAgent>
  /** Both operators list the other domain, the gateways interconnect, and all nodes of both domains have heard of it. */
  interconnect(a: HansaNode, b: HansaNode): Promise<void>
  /** Stops a node and starts it again in the same home at the same addresses, after what is to be done `meanwhile` with the home. Not for agents. */
  restart(node: HansaNode, meanwhile?: (home: string) => Promise<unknown>): Promise<HansaNode>
  /** Ends everything and removes the directory. */
  stop(): Promise<void>
}

/** A node joins within a second; a busy machine may need a few. */
const PATIENCE_MS = 20_000
const INVITE_MS = 600_000
const AGENT: readonly Role[] = ['agent']

/** Nothing runs yet: domains are added one by one. */
export async function createTestnet(options: TestnetOptions = {}): Promise<Testnet> {
  const dir = await mkdtemp(join(tmpdir(), 'hansa-testnet-'))
  const heartbeatMs = options.heartbeatMs ?? 200
  const base: Env = {
    HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
    HANSA_GATEWAY_LISTEN: '127.0.0.1:0',
    HANSA_ADMIN_LISTEN: '127.0.0.1:0',
    HANSA_GATEWAY_HEARTBEAT: `${heartbeatMs}ms`,
    HANSA_LOG_LEVEL: 'silent',
    // One process: its figures are nobody's.
    HANSA_METRICS_PROCESS: 'false',
    ...options.env
  }
  const domains = new Map<string, Map<string, HansaNode>>()
  /** In the order in which they were started. */
  const running = new Map<HansaNode, Env>()

  async function start(home: string, env: Env, agent?: NodeOptions['agent']): Promise<HansaNode> {
    const node = await createNode({ home, env, ...(agent === undefined ? {} : { agent }) })
    await node.start()
    running.set(node, env)
    await wait(`${node.identities.self()?.spiffeId} knows its ACA`, () => node.member.find('aca').length > 0)
    return node
  }

  function nodesOf(domain: string): HansaNode[] {
    return [...(domains.get(domain)?.values() ?? [])]
  }

  async function enrol(domain: TestDomain, name: string, roles: readonly Role[]): Promise<string> {
    const home = join(dir, domain.name, name)
    const { invite } = await domain.founder.desk.invite({ roles, name, ttlMs: INVITE_MS, uses: 1, replace: false })
    await joinHome({ home, invite, signal: AbortSignal.timeout(PATIENCE_MS) })
    return home
  }

  async function addNode(domain: TestDomain, { name, roles, env }: TestNode): Promise<HansaNode> {
    const node = await start(await enrol(domain, name, roles), { ...base, ...env })
    domains.get(domain.name)?.set(name, node)
    return node
  }

  const net: Testnet = {
    dir,
    async domain(name, [first, ...others]) {
      const [inviter] = [...domains.values()].flatMap((nodes) => [...nodes.values()].slice(0, 1))
      const swarmInvite = inviter?.desk.swarmInvite(INVITE_MS).invite
      const home = join(dir, name, first.name)
      await initHome({ home, domain: name, roles: first.roles, name: first.name, ...(swarmInvite === undefined ? {} : { swarmInvite }) })
      const founder = await start(home, { ...base, ...first.env })
      domains.set(name, new Map([[first.name, founder]]))
      const domain: TestDomain = {
        name,
        get founder() {
          return domain.node(first.name)
        },
        node(wanted) {
          const node = domains.get(name)?.get(wanted)
          if (node === undefined) throw new HansaError('NOT_FOUND', `${name} has no node ${wanted}`)
          return node
        },
        nodes: () => nodesOf(name)
      }
      await Promise.all(others.map((node) => addNode(domain, node)))
      await wait(`all nodes of ${name} know each other`, () => nodesOf(name).every((node) => knowsAll(node, nodesOf(name))))
      return domain
    },
    join: addNode,
    enrol,
    async agent(domain, name, { handler, client, card, description, capabilities, languages, roles = AGENT, env, ready = true } = {}) {
      const home = await enrol(domain, name, roles)
      const answer: MessageHandler = handler ?? ((_message, { text }) => text)
      const own = { name, description: description ?? `the agent ${name} of ${domain.name}` }
      const how = card === undefined ? { client: client ?? createHandlerClient(answer, { card: own }) } : { card }
      // The first tries often come before the servers of the domain are known; here nobody is far away.
      const timing = { probeEvery: heartbeatMs, retryMin: 20 }
      const config = { timing, ...(capabilities === undefined ? {} : { capabilities }), ...(languages === undefined ? {} : { languages }) }
      const node = await start(home, { ...base, ...env }, { ...how, config })
      if (ready) await node.agent?.ready(AbortSignal.timeout(PATIENCE_MS))
      return { handle: `${name}@${domain.name}`, node }
    },
    async interconnect(a, b) {
      const [address] = b.network.addresses()
      const [root] = rootsOf(b)
      if (a.agw === undefined || b.agw === undefined || address === undefined || root === undefined)
        throw new HansaError('ROLE_MISSING', 'both nodes must be gateways that run', { role: 'agw' })
      const [from, to] = [a.home.config.domain, b.home.config.domain]
      if (from !== to) await b.identities.list(from, rootsOf(a))
      const neighbor = await a.agw.connect(address, { root: Buffer.from(sha256(root)).toString('hex') })
      const own = a.identities.self()?.spiffeId
      await wait(`${own} and ${neighbor.id} are interconnected`, () => b.agw?.neighbors().some(({ id, state }) => id === own && state === 'up') === true)
      const lists = (node: HansaNode, domain: string): boolean => node.identities.domains().includes(domain)
      await wait(`${from} and ${to} list each other`, () => nodesOf(from).every((node) => lists(node, to)) && nodesOf(to).every((node) => lists(node, from)))
    },
    async restart(node, meanwhile) {
      const { domain, name } = node.home.config
      const before = running.get(node) ?? base
      const swarm = node.network.addresses().map((address) => address.replace(/\/p2p\/.*/, ''))
      const ingress = node.ingress()
      const env = {
        ...before,
        // What was any free port is now that port.
        ...(before['HANSA_SWARM_LISTEN'] === base['HANSA_SWARM_LISTEN'] ? { HANSA_SWARM_LISTEN: swarm.join(',') } : {}),
        ...(ingress === undefined ? {} : { HANSA_GATEWAY_LISTEN: new URL(ingress).host })
      }
      const { dir: home } = node.home.paths
      running.delete(node)
      await node.stop()
      await meanwhile?.(home)
      const again = await start(home, env)
      domains.get(domain)?.set(name, again)
      return again
    },
    async stop() {
      // The last first: agents take leave while their gateways are there.
      const nodes = [...running.keys()].reverse()
      running.clear()
      await Promise.all(nodes.filter(({ agent }) => agent !== undefined).map((node) => node.stop()))
      await Promise.all(nodes.map((node) => node.stop()))
      await rm(dir, { recursive: true, force: true })
    },
    [Symbol.asyncDispose]: () => net.stop()
  }
  return net
}

/** DER, of the node's own domain. */
function rootsOf(node: HansaNode): Uint8Array[] {
  return [...node.identities.roots(node.home.config.domain)]
}

function knowsAll(node: HansaNode, nodes: readonly HansaNode[]): boolean {
  const known = new Set(node.member.nodes().map(({ peerId }) => peerId))
  return nodes.every((other) => other === node || known.has(other.network.peer))
}

/** Throws DEADLINE_EXCEEDED. */
async function wait(what: string, held: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!held()) {
    if (performance.now() > end) throw new HansaError('DEADLINE_EXCEEDED', `within ${PATIENCE_MS / 1000} s it was not so that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
