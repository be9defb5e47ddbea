import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { recordRules } from '../../../../src/core/dht/record-rules.ts'
import type { Role } from '../../../../src/core/ids/role.ts'
import type { Dht, Provider } from '../../../../src/ports/dht.ts'
import type { Records } from '../../../../src/ports/records.ts'
import type { CallOptions, Rpc, Target, UnaryHandler } from '../../../../src/ports/rpc.ts'
import { type Ars, ars } from '../../../../src/roles/ars/ars.ts'
import { ARS_DEFAULTS, type ArsConfig } from '../../../../src/roles/ars/config.ts'
import { createIdentities } from '../../../../src/roles/member/identities.ts'
import type { MemberIdentities } from '../../../../src/roles/member/member-identities.ts'
import { createRecords } from '../../../../src/roles/member/records.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { type AgentDescriptionSchema } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { CrlResponseSchema, type NodeInfo, NodeInfoSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import type { UnaryMethod } from '../../../../src/wire/methods.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { writeCrl } from '../../../../src/wire/x509/crl.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryAgentDatabase } from '../../../support/memory-agent-database.ts'
import { MemoryLog } from '../../../support/memory/memory-log.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { testDomain, type TestDomain } from '../../../support/pki.ts'

const verify = createVerify()

/** A DHT that all nodes share, with the rules that its holders apply. `down` makes every operation come to nothing. */
export class SharedDht {
  readonly values = new Map<string, Uint8Array>()
  readonly #providers = new Map<string, Map<string, Provider>>()
  down = false

  /** Stores without asking anybody's rules: what a hostile holder could answer with. */
  plant(key: string, value: Uint8Array): void {
    this.values.set(key, value)
  }

  plantProvider(name: string, provider: Provider): void {
    const providers = this.#providers.get(name) ?? new Map<string, Provider>()
    this.#providers.set(name, providers.set(provider.peer, provider))
  }

  names(): string[] {
    return [...this.#providers].filter(([, providers]) => providers.size > 0).map(([name]) => name)
  }

  view(self: NodeInfo, records: Records, clock: FakeClock): Dht {
    const rules = recordRules(
      (schema, record) => records.consistent(schema, record),
      sha256,
      () => clock.now()
    )
    return {
      put: async (key, value) => {
        if (this.down) return 0
        rules[key.split('/')[1] ?? '']?.validate(key, value, this.values.get(key))
        this.values.set(key, value)
        return 1
      },
      get: async (key) => (this.down ? undefined : this.values.get(key)),
      provide: async (name) => {
        if (!this.down) this.plantProvider(name, { peer: self.peerId, addresses: self.multiaddrs })
      },
      withdraw: async (name) => {
        this.#providers.get(name)?.delete(self.peerId)
      },
      providers: async function* (this: SharedDht, name: string, limit: number) {
        if (!this.down) yield* [...(this.#providers.get(name)?.values() ?? [])].slice(0, limit)
      }.bind(this)
    }
  }
}

/** A node as the tests see it: it can call, and has what a role needs. */
export interface SwarmNode {
  readonly info: NodeInfo
  readonly identities: MemberIdentities
  readonly records: Records
  readonly rpc: Rpc
}

export interface ServerNode extends SwarmNode {
  readonly ars: Ars
  readonly database: MemoryAgentDatabase
  readonly log: MemoryLog
}

/** Many nodes in one process: every message is encoded and decoded, every caller is held to the table of methods. */
export class TestSwarm {
  readonly clock = new FakeClock()
  readonly dht = new SharedDht()
  readonly domains = new Map<string, TestDomain>()
  readonly nodes = new Map<string, SwarmNode>()
  readonly #handlers = new Map<string, Map<string, UnaryHandler<UnaryMethod>>>()
  /** Peers that do not answer. */
  readonly down = new Set<string>()
  /** Peers that never answer at all. */
  readonly hung = new Set<string>()
  /** Changes what a peer answers: what a hostile server would do. */
  readonly tamper = new Map<string, (method: string, response: Uint8Array) => Uint8Array>()
  readonly calls: { readonly to: string; readonly method: string }[] = []
  #port = 4000

  async node(
    domain: string,
    name: string,
    roles: readonly Role[],
    options: { readonly lists?: readonly string[]; readonly ingress?: string } = {}
  ): Promise<SwarmNode> {
    const { root, leaf: issue } = await this.domain(domain)
    const leaf = await issue({ name, roles })
    const { clock } = this
    const identities = createIdentities({ domain, signer: leaf.signer, clock, verify, sha256, store: new MemoryStore(), chain: leaf.chain, roots: [root] })
    for (const other of options.lists ?? []) await identities.list(other, [(await this.domain(other)).root])
    const records = createRecords({ identities, signer: leaf.signer, verify })
    const info = create(NodeInfoSchema, {
      spiffeId: leaf.spiffeId,
      roles: [...roles],
      peerId: leaf.peer,
      multiaddrs: [`/ip4/127.0.0.1/tcp/${++this.#port}`],
      ingress: options.ingress ?? ''
    })
    const node = { info, identities, records, rpc: this.#rpc(info.peerId) }
    this.nodes.set(info.peerId, node)
    return node
  }

  async server(
    domain: string,
    name: string,
    options: {
      readonly lists?: readonly string[]
      readonly roles?: readonly Role[]
      readonly config?: Partial<ArsConfig>
      readonly database?: MemoryAgentDatabase
    } = {}
  ): Promise<ServerNode> {
    const node = await this.node(domain, name, options.roles ?? ['ars'], options)
    const { identities, records, rpc, info } = node
    const database = options.database ?? new MemoryAgentDatabase()
    const log = new MemoryLog()
    const members = { self: () => info, find: (role: Role) => this.#members(domain, role).filter((other) => other.peerId !== info.peerId) }
    const dht = this.dht.view(info, records, this.clock)
    const part = ars({ ...ARS_DEFAULTS, ...options.config }).create({ clock: this.clock, log, rpc, records, identities, dht, database, members, sha256 })
    return { ...node, ars: part, database, log }
  }

  async domain(name: string): Promise<TestDomain> {
    const domain = this.domains.get(name) ?? (await testDomain(name, this.clock.now()))
    this.domains.set(name, domain)
    return domain
  }

  /** The domain's ACA revokes a node's certificate; `hears` gets the list. */
  async revoke(domain: string, node: SwarmNode, hears: SwarmNode): Promise<void> {
    const { issuer, issuing, sign } = await this.domain(domain)
    const { subject, subjectKeyIdentifier } = parseCertificate(issuing)
    const [leaf] = node.identities.chain()
    const revoked = [{ serial: parseCertificate(leaf ?? new Uint8Array()).serial, at: this.clock.now(), reason: 'keyCompromise' as const }]
    const times = { thisUpdate: this.clock.now(), nextUpdate: this.clock.now() + 3_600_000 }
    const crl = writeCrl({ issuer: subject, issuerKeyIdentifier: subjectKeyIdentifier ?? '', number: 1, ...times, revoked }, sign)
    hears.identities.acceptCrl(create(CrlResponseSchema, { domain, crl, chain: [...issuer.chain] }))
  }

  #members(domain: string, role: Role): NodeInfo[] {
    return [...this.nodes.values()].map(({ info }) => info).filter((info) => info.spiffeId.startsWith(`spiffe://${domain}/`) && info.roles.includes(role))
  }

  #rpc(from: string): Rpc {
    const handlers = new Map<string, UnaryHandler<UnaryMethod>>()
    this.#handlers.set(from, handlers)
    const reach = async (target: Target, options?: CallOptions) => {
      const callee = this.nodes.get(target.peer)
      const caller = this.nodes.get(from)
      if (this.hung.has(target.peer))
        await new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(new HansaError('DEADLINE_EXCEEDED', 'it hangs'))))
      if (callee === undefined || caller === undefined || this.down.has(target.peer)) throw new HansaError('PEER_UNREACHABLE', `${target.peer} is down`)
      const seen = callee.identities.verify(from, caller.identities.chain())
      const remote = caller.identities.verify(target.peer, callee.identities.chain())
      const { spiffeId, domain, role } = target.expect ?? {}
      if (
        (spiffeId ?? remote.spiffeId) !== remote.spiffeId ||
        (domain ?? remote.domain) !== remote.domain ||
        !(role === undefined || (remote.roles as string[]).includes(role))
      )
        throw new HansaError('PERMISSION_DENIED', `${remote.spiffeId} is not who was meant`)
      return { seen, remote }
    }
    return {
      call: async (target, method, request, options) => {
        const { seen } = await reach(target, options)
        this.calls.push({ to: target.peer, method: method.id })
        const handler = this.#handlers.get(target.peer)?.get(method.id)
        if (handler === undefined) throw new HansaError('METHOD_NOT_FOUND', `${target.peer} does not handle ${method.id}`)
        if ((method.callers.from === 'own' && !seen.own) || !method.callers.roles.some((role) => seen.roles.includes(role)))
          throw new HansaError('PERMISSION_DENIED', `${seen.spiffeId} may not call ${method.id}`)
        const bytes = toBinary(method.request, create(method.request, request))
        const context = { caller: { peer: from, identity: seen }, signal: options?.signal ?? new AbortController().signal, timeoutMs: 10_000 }
        const response = await handler(fromBinary(method.request, bytes) as never, context)
        const answer = toBinary(method.response, create(method.response, response))
        return fromBinary(method.response, this.tamper.get(target.peer)?.(method.id, answer) ?? answer) as never
      },
      open: () => Promise.reject(new Error('no streams here')),
      handle: (method, handler) => void handlers.set(method.id, handler as unknown as UnaryHandler<UnaryMethod>),
      handleStream: () => undefined,
      hello: async (target, options) => (await reach(target, options)).remote,
      identities: () => []
    }
  }
}

/** A complete description by a node; `changes` makes another of it. */
export function describe(
  node: SwarmNode,
  clock: FakeClock,
  changes: MessageInitShape<typeof AgentDescriptionSchema> = {}
): MessageInitShape<typeof AgentDescriptionSchema> {
  return {
    spiffeId: node.info.spiffeId,
    name: 'Flight desk',
    description: 'Books flights and trains all over Europe.',
    capabilities: ['travel/flight-booking'],
    languages: ['en', 'zh-Hans'],
    protocols: ['a2a-jsonrpc'],
    card: new TextEncoder().encode(JSON.stringify({ name: 'Flight desk', capabilities: { streaming: true } })),
    revision: BigInt(clock.now()),
    multiaddrs: node.info.multiaddrs,
    peerId: node.info.peerId,
    ...changes
  }
}
