import { create } from '@bufbuild/protobuf'
import { createHash } from 'node:crypto'
import { createRpc } from '../../src/adapters/rpc/create-rpc.ts'
import { createSigner, createVerify, sha256 } from '../../src/adapters/system/crypto.ts'
import { formatHandle, formatResourceId } from '../../src/core/ids/agent-id.ts'
import type { Role } from '../../src/core/ids/role.ts'
import type { PeerIdentity } from '../../src/ports/identity.ts'
import type { Records } from '../../src/ports/records.ts'
import type { Rpc } from '../../src/ports/rpc.ts'
import { AGW_DEFAULTS, type AgwConfig } from '../../src/roles/agw/config.ts'
import { type ControlPlane, createControlPlane } from '../../src/roles/agw/control/control-plane.ts'
import { HansaError } from '../../src/schema/errors.ts'
import type { SignedRecord } from '../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema, AgentRecordSchema, AgentStatus, RecordState, type StatusReport } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { type NodeInfo, NodeInfoSchema } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../src/wire/methods.ts'
import { openRecord, sealRecord } from '../../src/wire/signed-record.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { FakeIdentities } from '../support/memory/fake-identities.ts'
import { MemoryLog } from '../support/memory/memory-log.ts'
import { type Faults, type MemoryNode, MemorySwarm } from '../support/memory/swarm.ts'

/** A node of a sim with real signatures, the real RPC engine and a memory network. */
export interface SimNode {
  readonly peer: string
  readonly identity: PeerIdentity
  readonly identities: FakeIdentities
  readonly records: Records
  readonly rpc: Rpc
  readonly transport: MemoryNode
  readonly info: NodeInfo
  readonly log: MemoryLog
  stop(): Promise<void>
}

export interface SimGateway extends SimNode {
  readonly control: ControlPlane
  readonly store: MemoryStore
}

/** Gateways, ARSs and agents of several domains in one memory swarm. All domains list each other unless told otherwise. */
export class GatewaySim {
  readonly clock = new FakeClock()
  readonly swarm: MemorySwarm
  /** Tombstones with which the ARSs answer reports. */
  readonly ended: SignedRecord[] = []
  readonly reports: { readonly gateway: string; readonly report: StatusReport }[] = []
  readonly domains: readonly string[]
  readonly #keys = new Map<string, Uint8Array>()
  readonly #nodes = new Map<string, SimNode>()
  readonly #stores = new Map<string, MemoryStore>()
  readonly #verify = createVerify()

  constructor(domains: readonly string[], seed = 1, faults: Partial<Faults> = {}) {
    this.domains = domains
    this.swarm = new MemorySwarm(this.clock, seed, faults)
  }

  /** A node with a certificate. `listed`: domains whose roots it lists beside its own. */
  async node(name: string, domain: string, roles: readonly Role[], listed: readonly string[] = this.domains): Promise<SimNode> {
    const signer = createSigner(new Uint8Array(createHash('sha256').update(`${domain}/${name}`).digest()))
    const { peer } = signer
    this.#keys.set(peer, signer.publicKey)
    const identities = new FakeIdentities(domain, { listed }).enrol(peer, name, roles)
    const identity = identities.self()
    if (identity === undefined) throw new Error('not enrolled')
    const transport = this.swarm.join(peer)
    const log = new MemoryLog()
    const rpc = createRpc({ network: transport.network, identities, admission: { admit: () => () => undefined }, clock: this.clock, log })
    await rpc.start()
    const open = <S extends Parameters<Records['open']>[0]>(schema: S, record: SignedRecord) => {
      const identityOfSigner = identities.verifySigner(record.chain)
      return { message: openRecord(schema, record, this.#keys.get(identityOfSigner.peer) ?? new Uint8Array(), this.#verify), signer: identityOfSigner }
    }
    const node: SimNode = {
      peer,
      identity,
      identities,
      rpc,
      transport,
      log,
      records: {
        seal: (schema, value) => sealRecord(schema, value, (data) => signer.sign(data), identities.chain()),
        open,
        consistent: (schema, record) => ({ ...open(schema, record), root: new Uint8Array(32) })
      },
      info: create(NodeInfoSchema, { spiffeId: identity.spiffeId, roles: [...roles], peerId: peer, multiaddrs: transport.network.addresses() }),
      stop: async () => {
        transport.stop()
        await rpc.stop()
        this.#nodes.delete(identity.spiffeId)
      }
    }
    this.#nodes.set(identity.spiffeId, node)
    return node
  }

  /** A gateway that runs. A name that ran before gets the same key and store: a restart. */
  async gateway(
    name: string,
    domain: string,
    options: { readonly listed?: readonly string[]; readonly config?: Partial<AgwConfig> } = {}
  ): Promise<SimGateway> {
    const node = await this.node(name, domain, ['agw'], options.listed)
    const store = this.#stores.get(node.identity.spiffeId) ?? new MemoryStore()
    this.#stores.set(node.identity.spiffeId, store)
    const control = createControlPlane({
      clock: this.clock,
      log: node.log,
      rpc: node.rpc,
      network: node.transport.network,
      pubsub: node.transport.pubsub,
      store,
      records: node.records,
      identities: node.identities,
      members: {
        self: () => node.info,
        find: (role) => [...this.#nodes.values()].filter(({ identity }) => identity.domain === domain && identity.roles.includes(role)).map(({ info }) => info)
      },
      trust: {
        list: async (listed) => {
          node.identities.listed.add(listed)
        },
        bundle: () => undefined,
        heard: async () => undefined
      },
      sha256,
      config: { ...AGW_DEFAULTS, ...options.config }
    })
    await control.start()
    return { ...node, control, store }
  }

  /** An ARS that keeps what gateways report. */
  async ars(domain: string): Promise<SimNode> {
    const node = await this.node('ars', domain, ['ars'])
    node.rpc.handle(methods.report, (report, { caller }) => {
      this.reports.push({ gateway: caller.identity?.spiffeId ?? '', report })
      return { ended: this.ended }
    })
    return node
  }

  agent(name: string, domain: string): Promise<SimNode> {
    return this.node(name, domain, ['agent'])
  }

  /** What an agent brings to attach: its own description and the record of an ARS. */
  papers(
    agent: SimNode,
    ars: SimNode,
    change: {
      readonly state?: RecordState
      readonly capabilities?: string[]
      readonly expiresAt?: number
      readonly sequence?: bigint
      readonly barred?: boolean
    } = {}
  ) {
    const card = new TextEncoder().encode(JSON.stringify({ name: agent.identity.name }))
    const { spiffeId, domain, name } = agent.identity
    return {
      description: agent.records.seal(AgentDescriptionSchema, {
        spiffeId,
        name,
        card,
        peerId: agent.peer,
        multiaddrs: agent.info.multiaddrs,
        capabilities: change.capabilities ?? ['travel']
      }),
      record: ars.records.seal(AgentRecordSchema, {
        resourceId: formatResourceId({ domain, name }),
        spiffeId,
        handle: formatHandle({ domain, name }),
        domain,
        state: change.state ?? RecordState.REGISTERED,
        name,
        capabilities: change.capabilities ?? ['travel'],
        cardSha256: sha256(card),
        expiresAt: BigInt(change.expiresAt ?? this.clock.now() + 86_400_000),
        peerId: agent.peer,
        sequence: change.sequence ?? 1n,
        barred: change.barred ?? false
      })
    }
  }

  async attach(agent: SimNode, gateway: SimNode, ars: SimNode, change: Parameters<GatewaySim['papers']>[2] = {}) {
    return this.clock.run(agent.rpc.call(this.target(gateway), methods.attach, this.papers(agent, ars, change)))
  }

  async heartbeat(agent: SimNode, gateway: SimNode, status: AgentStatus = AgentStatus.ONLINE) {
    return this.clock.run(agent.rpc.call(this.target(gateway), methods.heartbeat, { resourceId: formatResourceId(agent.identity), status }))
  }

  async detach(agent: SimNode, gateway: SimNode) {
    return this.clock.run(agent.rpc.call(this.target(gateway), methods.detach, { resourceId: formatResourceId(agent.identity) }))
  }

  async connect(from: SimGateway, to: SimNode, root?: string) {
    return this.clock.run(from.control.connect(this.address(to), { root }))
  }

  address(node: SimNode): string {
    return node.info.multiaddrs[0] ?? ''
  }

  target(node: SimNode) {
    return { peer: node.peer, addresses: node.info.multiaddrs }
  }
}

/** A digest as text, to compare and to print. */
export function digestOf(gateway: SimGateway): string {
  return gateway.control
    .digest()
    .map(({ origin, epoch, version }) => `${origin} ${epoch}.${version}`)
    .join('\n')
}

/** Handles that a gateway can send to now. */
export function applicable(gateway: SimGateway): string[] {
  return gateway.control.routing.reachable().flatMap(({ advert, applicable }) => (applicable ? [advert.handle] : []))
}

/** The error code that a call fails with. */
export async function codeOf(promise: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof promise === 'function' ? promise() : promise)
  } catch (error) {
    return error instanceof HansaError ? error.code : String(error)
  }
  return 'no error'
}
