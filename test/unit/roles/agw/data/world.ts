import { create, fromBinary, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { parseSpiffeId } from '../../../../../src/core/ids/spiffe-id.ts'
import type { Identities, PeerIdentity } from '../../../../../src/ports/identity.ts'
import type { Log } from '../../../../../src/ports/log.ts'
import type { Records } from '../../../../../src/ports/records.ts'
import type { Rpc, ServerStream } from '../../../../../src/ports/rpc.ts'
import { createDataPlane, type DataPlane, type DataPlaneDeps } from '../../../../../src/roles/agw/data/data-plane.ts'
import { readMessage, writeMessage } from '../../../../../src/wire/messages.ts'
import { DATA_DEFAULTS, type DataSettings } from '../../../../../src/roles/agw/data/settings.ts'
import type { AgentNews, AttachedAgent, NextHop, RoutingView } from '../../../../../src/roles/agw/routing-view.ts'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { SignedRecordSchema } from '../../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentStatus } from '../../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { AgentAdvertSchema, type RelayHeader, RelayHeaderSchema } from '../../../../../src/schema/generated/hansa/v1/gateway_pb.ts'
import { NodeInfoSchema } from '../../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { SendMessageRequestSchema, SendMessageResponseSchema, StreamResponseSchema } from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { methods } from '../../../../../src/wire/methods.ts'
import { operations } from '../../../../../src/wire/operations.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { FakeNet } from './fake-rpc.ts'

export const NORTH = 'north.example'
export const SOUTH = 'south.example'
export const EAST = 'east.example'

export const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silent }

function peerOf(spiffeId: string): string {
  return spiffeId.replace('spiffe://', '').replaceAll('/', '-')
}

/** As the memory network knows it. */
function addressOf(peer: string): string {
  return `/memory/${peer}/p2p/${peer}`
}

export function identity(spiffeId: string, own = false): PeerIdentity {
  const { domain, name, role } = parseSpiffeId(spiffeId)
  return { peer: peerOf(spiffeId), spiffeId, domain, name, roles: [role], serial: '1', notAfter: Number.MAX_SAFE_INTEGER, own }
}

/** A record whose signature is the name of its signer: enough to see who believes what. */
function records(self: PeerIdentity, counted: { opened: number }): Records {
  const open: Records['open'] = (schema, record) => {
    counted.opened++
    const signer = new TextDecoder().decode(record.signature).split(' ')[0] ?? ''
    if (!signer.startsWith('spiffe://')) throw new HansaError('SIGNATURE_INVALID', 'no signature')
    return { message: fromBinary(schema, record.payload), signer: identity(signer, parseSpiffeId(signer).domain === self.domain) }
  }
  return {
    open,
    seal: (schema, value) => {
      const payload = toBinary(schema, create(schema, value))
      const signature = new TextEncoder().encode(`${self.spiffeId} over ${payload.length} ${payload.reduce((a, b) => (a * 31 + b) % 65_521, 7)}`)
      return create(SignedRecordSchema, { type: schema.typeName, payload, signature })
    },
    consistent: () => {
      throw new Error('not used')
    }
  }
}

export interface Gateway {
  readonly identity: PeerIdentity
  readonly plane: DataPlane
  readonly rpc: Rpc
  readonly records: Records
  /** Listed domains; change it to unlist. */
  readonly listed: string[]
  readonly counted: { opened: number }
  /** Certificates were revoked: tell those who depend on it. */
  changed(): void
  revoked: Set<string>
}

export class World {
  readonly clock = new FakeClock()
  readonly net = new FakeNet()
  /** handle -> gateway (SPIFFE ID) -> next: 'local' or the SPIFFE IDs of neighbours in order of preference. */
  readonly routes = new Map<string, Map<string, 'local' | string[]>>()
  readonly agents = new Map<string, AttachedAgent>()
  /** Handles of agents that are offline: nobody has a way to them, as whoever asks is told. */
  readonly offline = new Set<string>()
  /** handle -> gateway (SPIFFE ID) that it was attached to, for calls that may wait. */
  readonly homes = new Map<string, string>()
  readonly #listeners = new Map<string, ((news: AgentNews) => void)[]>()
  /** Gateway (SPIFFE ID) -> language pairs that it says it has. */
  readonly translates = new Map<string, string[]>()

  gateway(domain: string, settings: Partial<DataSettings> = {}, more: Pick<DataPlaneDeps, 'translator' | 'push' | 'inbox'> = {}, name = 'gw'): Gateway {
    const self = identity(`spiffe://${domain}/agw/${name}`, true)
    const listed = [NORTH, SOUTH, EAST]
    const counted = { opened: 0 }
    const revoked = new Set<string>()
    const listeners: (() => void)[] = []
    const identities: Identities = {
      ...this.identitiesOf(self),
      check: (who) => {
        if (revoked.has(who.spiffeId)) throw new HansaError('CERTIFICATE_REVOKED', who.spiffeId)
      },
      domains: () => listed,
      onChange: (fn) => void listeners.push(fn)
    }
    const rpc = this.rpc(self, identities)
    const made = records(self, counted)
    const config = { ...DATA_DEFAULTS, ...settings }
    const plane = createDataPlane({
      clock: this.clock,
      log: silent,
      rpc,
      records: made,
      identities,
      routes: this.#view(self.spiffeId),
      config,
      domain,
      ...more
    })
    return { identity: self, plane, rpc, records: made, listed, counted, revoked, changed: () => listeners.forEach((fn) => fn()) }
  }

  /** What carries the calls of one node; the real engine in engine.test.ts. */
  protected rpc(self: PeerIdentity, _identities: Identities): Rpc {
    return this.net.node(self)
  }

  /** A "certificate" is the SPIFFE ID in plain text, shown by the peer that is called after it. */
  protected identitiesOf(self: PeerIdentity): Identities {
    const verifySigner: Identities['verifySigner'] = ([leaf]) => {
      const spiffeId = new TextDecoder().decode(leaf)
      return identity(spiffeId, parseSpiffeId(spiffeId).domain === self.domain)
    }
    return {
      chain: () => [new TextEncoder().encode(self.spiffeId)],
      self: () => self,
      verify: (peer, chain) => {
        const shown = verifySigner(chain)
        if (shown.peer !== peer) throw new HansaError('CERTIFICATE_INVALID', peer)
        return shown
      },
      check: () => undefined,
      verifySigner,
      domains: () => [NORTH, SOUTH, EAST],
      roots: () => [],
      onChange: () => undefined
    }
  }

  #view(self: string): RoutingView {
    return {
      nextHop: (handle, passed): NextHop => {
        if (this.offline.has(handle)) throw new HansaError('AGENT_UNREACHABLE', `${handle} is offline`)
        const next = this.routes.get(handle)?.get(self)
        if (next === undefined) throw new HansaError('AGENT_NOT_FOUND', handle)
        if (next === 'local') {
          const agent = this.agents.get(handle)
          if (agent === undefined) throw new HansaError('AGENT_UNREACHABLE', handle)
          return { kind: 'local', agent }
        }
        const via = next.find((gateway) => !passed.includes(gateway))
        if (via === undefined) throw new HansaError('NO_ROUTE', handle)
        const info = create(NodeInfoSchema, {
          spiffeId: via,
          peerId: peerOf(via),
          multiaddrs: [addressOf(peerOf(via))],
          translates: this.translates.get(via) ?? []
        })
        return { kind: 'gateway', gateway: info, via: info, languages: this.agents.get(handle)?.languages ?? [] }
      },
      towards: (gateway, passed) => this.#towards(gateway, passed),
      towardsHome: (handle, passed) => this.#towards(this.homes.get(handle), passed),
      onAgent: (listener) => void this.#listeners.set(self, [...(this.#listeners.get(self) ?? []), listener]),
      attached: (handle) => this.agents.get(handle),
      reachable: () =>
        [...this.agents.values()].map(({ handle, spiffeId }) => ({
          advert: create(AgentAdvertSchema, { handle, spiffeId, capabilities: ['travel/flight-booking'] }),
          origin: '',
          applicable: true
        })),
      gateway: (spiffeId) => create(NodeInfoSchema, { spiffeId, peerId: peerOf(spiffeId), multiaddrs: [addressOf(peerOf(spiffeId))] }),
      isNeighbor: () => true
    }
  }

  #towards(gateway: string | undefined, passed: readonly string[]): (NextHop & { kind: 'gateway' }) | undefined {
    if (gateway === undefined || passed.includes(gateway)) return undefined
    const info = create(NodeInfoSchema, { spiffeId: gateway, peerId: peerOf(gateway), multiaddrs: [addressOf(peerOf(gateway))] })
    return { kind: 'gateway', gateway: info, via: info, languages: [] }
  }

  /** What the control plane of a gateway tells of its agents. */
  tell(at: Gateway, kind: AgentNews['kind'], handle: string): void {
    if (kind === 'online') this.offline.delete(handle)
    else this.offline.add(handle)
    for (const listener of this.#listeners.get(at.identity.spiffeId) ?? []) listener({ kind, handle, capabilities: ['travel/flight-booking'] })
  }

  /** Puts an agent's node on the net, attached to `at`. */
  agent(name: string, at: Gateway, serve: (stream: ServerStream, header: RelayHeader) => Promise<void>): string {
    const handle = `${name}@${at.identity.domain}`
    const self = identity(`spiffe://${at.identity.domain}/agent/${name}`, true)
    this.rpc(self, this.identitiesOf(self)).handleStream(methods.deliver, (stream) => serve(stream, fromBinary(RelayHeaderSchema, stream.header)))
    this.agents.set(handle, {
      ...{
        resourceId: '',
        spiffeId: self.spiffeId,
        handle,
        peer: self.peer,
        addresses: [addressOf(self.peer)],
        status: AgentStatus.ONLINE,
        streaming: true,
        languages: ['en']
      },
      card: new TextEncoder().encode(`{"name":"${name}"}`)
    })
    this.routes.set(handle, new Map([[at.identity.spiffeId, 'local']]))
    return handle
  }

  /** From `from`, calls for `handle` go to one of `via`. */
  route(handle: string, from: Gateway, ...via: Gateway[]): void {
    this.routes.get(handle)?.set(
      from.identity.spiffeId,
      via.map((gateway) => gateway.identity.spiffeId)
    )
  }
}

/** Answers each SendMessage with what was said. */
export async function echo(stream: ServerStream): Promise<void> {
  const request = fromBinary(SendMessageRequestSchema, (await readMessage(stream, 1e8)) ?? new Uint8Array())
  await writeMessage(
    stream,
    toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'message', value: request.message ?? ({} as never) } }))
  )
}

export function say(text: string): Message {
  return create(SendMessageRequestSchema, { message: { messageId: 'm1', role: 1, parts: [{ content: { case: 'text', value: text } }] } })
}

export function event(text: string): Uint8Array {
  return toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload: { case: 'message', value: { messageId: text } } }))
}

export interface CallSettings {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly streaming?: boolean
  readonly message?: Message
}

export function call(from: Gateway, target: string, settings: CallSettings = {}): AsyncIterable<Message> {
  return from.plane.door.call({
    principal: from.identity,
    target,
    operation: settings.streaming ? operations.SendStreamingMessage : operations.SendMessage,
    message: settings.message ?? say('hello'),
    extensions: [],
    signal: settings.signal ?? new AbortController().signal,
    timeoutMs: settings.timeoutMs
  })
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

export function header(init: MessageInitShape<typeof RelayHeaderSchema>): Uint8Array {
  return toBinary(RelayHeaderSchema, create(RelayHeaderSchema, init))
}
