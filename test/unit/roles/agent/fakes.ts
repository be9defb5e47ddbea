import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf'
import type { Role } from '../../../../src/core/ids/role.ts'
import type { AgentClient } from '../../../../src/ports/agent-client.ts'
import type { Identities, PeerIdentity } from '../../../../src/ports/identity.ts'
import type { Log } from '../../../../src/ports/log.ts'
import type { Records } from '../../../../src/ports/records.ts'
import type { CallOptions, ClientStream, Fragment, Rpc, ServerStream, StreamHandler, Target } from '../../../../src/ports/rpc.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { type AgentDescription, AgentDescriptionSchema, AgentRecordSchema, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'
import { type NodeInfo, NodeInfoSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import type { Message } from '@bufbuild/protobuf'
import { type StreamMethod, type UnaryMethod, methods } from '../../../../src/wire/methods.ts'
import type { Operation } from '../../../../src/wire/operations.ts'

export const DOMAIN = 'north.example'

export function identity(role: Role, name: string, domain = DOMAIN, roles: readonly Role[] = [role]): PeerIdentity {
  const spiffeId = `spiffe://${domain}/${role}/${name}`
  return { peer: `peer-${name}`, spiffeId, domain, name, roles, serial: '1', notAfter: Number.MAX_SAFE_INTEGER, own: domain === DOMAIN }
}

export function nodeInfo(of: PeerIdentity): NodeInfo {
  return create(NodeInfoSchema, { spiffeId: of.spiffeId, roles: [...of.roles], peerId: of.peer, multiaddrs: [`/memory/${of.name}/p2p/${of.peer}`] })
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }

/** Identities that know the given peers; a chain is one blob with the SPIFFE ID. */
export class FakeIdentities implements Identities {
  readonly known = new Map<string, PeerIdentity>()
  me: PeerIdentity | undefined

  constructor(me: PeerIdentity, others: readonly PeerIdentity[]) {
    this.me = me
    for (const one of [me, ...others]) this.known.set(one.spiffeId, one)
  }

  chain() {
    return this.me === undefined ? [] : [new TextEncoder().encode(this.me.spiffeId)]
  }
  self() {
    return this.me
  }
  verify(_peer: string, chain: readonly Uint8Array[]) {
    return this.verifySigner(chain)
  }
  check() {}
  verifySigner(chain: readonly Uint8Array[]) {
    const spiffeId = new TextDecoder().decode(chain[0])
    const found = this.known.get(spiffeId)
    if (found === undefined) throw new HansaError('UNKNOWN_DOMAIN', `${spiffeId} is of no listed domain`)
    return found
  }
  domains() {
    return [...new Set([...this.known.values()].map((one) => one.domain))]
  }
  roots() {
    return []
  }
  onChange() {}
}

/** A record sealed by anybody: its signature is good when its first byte is 1. */
export function sealAs<S extends DescMessage>(by: PeerIdentity, schema: S, value: MessageInitShape<S>): SignedRecord {
  const payload = toBinary(schema, create(schema, value))
  return create(SignedRecordSchema, { type: schema.typeName, payload, signature: Uint8Array.of(1), chain: [new TextEncoder().encode(by.spiffeId)] })
}

export class FakeRecords implements Records {
  readonly #identities: FakeIdentities

  constructor(identities: FakeIdentities) {
    this.#identities = identities
  }

  seal<S extends DescMessage>(schema: S, value: MessageInitShape<S>): SignedRecord {
    const me = this.#identities.self()
    if (me === undefined) throw new HansaError('UNAUTHENTICATED', 'no certificate')
    return sealAs(me, schema, value)
  }
  open<S extends DescMessage>(schema: S, record: SignedRecord): { message: MessageShape<S>; signer: PeerIdentity } {
    if (record.type !== schema.typeName) throw new HansaError('MALFORMED', 'wrong type')
    const signer = this.#identities.verifySigner(record.chain)
    if (record.signature[0] !== 1) throw new HansaError('SIGNATURE_INVALID', 'the signature does not fit')
    return { message: fromBinary(schema, record.payload), signer }
  }
  consistent<S extends DescMessage>(schema: S, record: SignedRecord) {
    if (record.signature[0] !== 1) throw new HansaError('SIGNATURE_INVALID', 'the signature does not fit')
    const [, , domain = '', role, name = ''] = new TextDecoder().decode(record.chain[0]).split('/')
    return { message: fromBinary(schema, record.payload), signer: { ...identity(role as Role, name, domain), own: false }, root: new Uint8Array(32) }
  }
}

type Answer = (request: never, target: Target) => unknown

/** Other nodes as tables of methods. `down` nodes cannot be reached; a method absent is METHOD_NOT_FOUND, as on the wire. */
export class FakeRpc implements Rpc {
  readonly nodes = new Map<string, Map<string, Answer>>()
  readonly streams = new Map<string, (stream: LoopStream) => Promise<void>>()
  readonly down = new Set<string>()
  readonly log: { peer: string; method: string; request: unknown; target: Target }[] = []
  readonly served = new Map<string, StreamHandler>()
  readonly opened: { peer: string; method: string; header: Uint8Array; target: Target; stream: LoopStream }[] = []

  answer<M extends UnaryMethod>(peer: PeerIdentity, method: M, fn: (request: MessageShape<M['request']>, target: Target) => MessageInitShape<M['response']>) {
    const table = this.nodes.get(peer.peer) ?? new Map<string, Answer>()
    table.set(method.id, fn as Answer)
    this.nodes.set(peer.peer, table)
  }

  calls(method: UnaryMethod, peer?: PeerIdentity) {
    return this.log.filter((one) => one.method === method.id && (peer === undefined || one.peer === peer.peer))
  }

  async call<M extends UnaryMethod>(target: Target, method: M, request: MessageInitShape<M['request']>, options?: CallOptions) {
    options?.signal?.throwIfAborted()
    const sent = create(method.request, request)
    this.log.push({ peer: target.peer, method: method.id, request: sent, target })
    if (this.down.has(target.peer)) throw new HansaError('PEER_UNREACHABLE', `${target.peer} is down`)
    const fn = this.nodes.get(target.peer)?.get(method.id)
    if (fn === undefined) throw new HansaError('METHOD_NOT_FOUND', `${target.peer} has no ${method.id}`)
    return create(method.response, (await fn(sent as never, target)) as MessageInitShape<M['response']>) as never
  }

  async open(target: Target, method: StreamMethod, header: Uint8Array, options?: CallOptions): Promise<ClientStream> {
    if (this.down.has(target.peer)) throw new HansaError('PEER_UNREACHABLE', `${target.peer} is down`)
    const serve = this.streams.get(target.peer)
    if (serve === undefined) throw new HansaError('METHOD_NOT_FOUND', `${target.peer} has no ${method.id}`)
    const stream = new LoopStream(options?.signal)
    this.opened.push({ peer: target.peer, method: method.id, header, target, stream })
    serve(stream).then(
      () => stream.finish(),
      (error: unknown) => stream.finish(error)
    )
    return stream
  }

  handle() {}
  handleStream(method: StreamMethod, handler: StreamHandler) {
    this.served.set(method.id, handler)
  }
  hello(): Promise<PeerIdentity> {
    throw new Error('not used')
  }
  identities() {
    return []
  }
}

/** Client side of a call whose server side is a function of the test. */
export class LoopStream implements ClientStream {
  readonly remote = identity('agw', 'gw1')
  readonly sent: Uint8Array[] = []
  readonly requested: Promise<void>
  aborted: unknown
  #trailer = new Uint8Array()
  #out: Fragment[] = []
  #over = false
  #error: Error | undefined
  #notify: () => void = () => undefined
  #ended: () => void = () => undefined

  constructor(signal?: AbortSignal) {
    this.requested = new Promise((resolve) => (this.#ended = resolve))
    signal?.addEventListener('abort', () => this.finish(signal.reason))
  }

  async write(fragment: Fragment) {
    if (this.#error !== undefined) throw new HansaError('CANCELED', 'the other side has ended the call')
    this.sent.push(fragment.bytes)
  }
  async end() {
    this.#ended()
  }
  async read(): Promise<Fragment | undefined> {
    while (this.#out.length === 0 && !this.#over) await new Promise<void>((resolve) => (this.#notify = resolve))
    const next = this.#out.shift()
    if (next === undefined && this.#error !== undefined) throw this.#error
    return next
  }
  trailer() {
    return this.#trailer
  }
  abort(reason?: Error) {
    this.aborted = reason ?? new Error('aborted')
    this.finish(this.aborted)
  }

  // the server's side
  reply(bytes: Uint8Array, last = true) {
    this.#out.push({ bytes, last })
    this.#notify()
  }
  setTrailer(bytes: Uint8Array<ArrayBuffer>) {
    this.#trailer = bytes
  }
  finish(error?: unknown) {
    if (this.#over) return
    this.#over = true
    this.#error = error instanceof Error || error === undefined ? error : new Error(String(error))
    this.#notify()
  }
}

/** Server side of a delivery; what the handler writes is collected. `room` 0 makes writes wait until `take`. */
export class FakeServerStream implements ServerStream {
  readonly caller
  readonly controller = new AbortController()
  readonly signal = this.controller.signal
  readonly timeoutMs = 60_000
  readonly written: Fragment[] = []
  readonly header: Uint8Array
  trailer: Uint8Array | undefined
  full = false
  #in: Fragment[]
  #room: () => void = () => undefined

  constructor(caller: PeerIdentity | undefined, header: Uint8Array, fragments: readonly Fragment[]) {
    this.caller = { peer: caller?.peer ?? 'peer-stranger', identity: caller }
    this.header = header
    this.#in = [...fragments]
  }

  async read() {
    return this.#in.shift()
  }
  async write(fragment: Fragment) {
    this.written.push(fragment)
    if (this.full) await new Promise<void>((resolve) => (this.#room = resolve))
  }
  take() {
    this.#room()
  }
  setTrailer(bytes: Uint8Array) {
    this.trailer = bytes
  }
}

export const CARD = {
  name: 'Flight agent',
  description: 'Finds and books flights',
  version: '1.0.0',
  supportedInterfaces: [{ url: 'http://127.0.0.1:9/a2a', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
  capabilities: { streaming: true },
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [{ id: 'travel/flight-booking', name: 'Book', description: 'Books a flight', tags: ['flights', 'Not A Path'] }]
}

/** An agent that the test switches on and off and gives a card and answers. */
export class FakeAgent implements AgentClient {
  online = true
  hangs = false
  cardBytes: Uint8Array = new TextEncoder().encode(JSON.stringify(CARD))
  probes = 0
  /** Says that the card has changed. */
  changed: () => void = () => undefined
  answer: (
    operation: Operation,
    request: Message,
    options: { signal: AbortSignal; extensions: readonly string[]; principal: string }
  ) => AsyncIterable<Message> = () => {
    throw new HansaError('AGENT_UNREACHABLE', 'nobody there')
  }

  invoke(operation: Operation, request: Message, options: { signal: AbortSignal; extensions: readonly string[]; principal: string }) {
    return this.answer(operation, request, options)
  }
  async card() {
    if (!this.online) throw new HansaError('AGENT_UNREACHABLE', 'connection refused')
    return this.cardBytes
  }
  onCardChange(listener: () => void) {
    this.changed = listener
  }
  async probe() {
    this.probes++
    if (this.hangs) await new Promise(() => undefined)
    return this.online
  }
}

/** A registration server that keeps the rules an agent relies on. */
export function serveRegistration(rpc: FakeRpc, ars: PeerIdentity, now: () => number, lifeMs = 86_400_000) {
  const descriptions: AgentDescription[] = []
  const register = (request: { description?: SignedRecord }) => {
    const description = fromBinary(AgentDescriptionSchema, request.description?.payload ?? new Uint8Array())
    descriptions.push(description)
    const name = description.spiffeId.split('/').at(-1) ?? ''
    const record = sealAs(ars, AgentRecordSchema, {
      resourceId: `urn:air:${DOMAIN}:agent:${name}`,
      spiffeId: description.spiffeId,
      handle: `${name}@${DOMAIN}`,
      domain: DOMAIN,
      state: RecordState.REGISTERED,
      name: description.name,
      peerId: description.peerId,
      sequence: BigInt(descriptions.length),
      issuedAt: BigInt(now()),
      expiresAt: BigInt(now() + lifeMs),
      ars: ars.spiffeId
    })
    return { record, created: descriptions.length === 1 }
  }
  rpc.answer(ars, methods.register, register)
  rpc.answer(ars, methods.update, register)
  rpc.answer(ars, methods.deregister, () => ({}))
  return descriptions
}

/** A gateway that keeps attachments until it is `restart`ed. */
export function serveAttachment(rpc: FakeRpc, gateway: PeerIdentity, heartbeatMs = 1000) {
  const attached = new Set<string>()
  const statuses: number[] = []
  rpc.answer(gateway, methods.attach, (request) => {
    attached.add(fromBinary(AgentRecordSchema, request.record?.payload ?? new Uint8Array()).resourceId)
    return { heartbeatMs, url: `http://${gateway.name}:7400/agents/flight@${DOMAIN}/jsonrpc` }
  })
  rpc.answer(gateway, methods.heartbeat, (request) => {
    statuses.push(request.status)
    return { attached: attached.has(request.resourceId) }
  })
  rpc.answer(gateway, methods.detach, (request) => {
    attached.delete(request.resourceId)
    return {}
  })
  return { attached, statuses, restart: () => attached.clear() }
}
