import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { type AgentId, formatHandle } from '../../core/ids/agent-id.ts'
import type { ClientStream } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type AppliedTranslation, type Hop, RelayHeaderSchema, RelayTrailerSchema } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { OperationName } from '../../wire/operations.ts'
import type { RequestFacts } from '../../wire/relay-request.ts'
import { firstAnswer, targetOf } from './candidates.ts'
import { isFinal, resolve, throughGateways } from './discovery.ts'
import { decode } from '../../wire/decode.ts'
import { readMessage, writeMessage } from '../../wire/messages.ts'
import type { AddressBook } from './address-book.ts'
import type { CallSettings, QuerySettings, SwarmClientDeps } from './swarm-client-deps.ts'

/** The most gateways a call may pass (RelayHeader.hop_limit). */
const HOP_LIMIT = 16

/** One call to an agent: through a gateway of the own domain, or straight to an agent of the own domain where that is allowed (draft 3.3). */
export class OutboundCall {
  readonly target: AgentId
  readonly operation: OperationName
  readonly #deps: SwarmClientDeps
  readonly #addresses: AddressBook
  readonly #settings: CallSettings
  readonly #facts: RequestFacts
  #hops: readonly Hop[] = []
  #translations: readonly AppliedTranslation[] = []
  #direct = false

  constructor(deps: SwarmClientDeps, addresses: AddressBook, target: AgentId, operation: OperationName, settings: CallSettings, facts: RequestFacts = {}) {
    this.#deps = deps
    this.#addresses = addresses
    this.target = target
    this.operation = operation
    this.#settings = settings
    this.#facts = facts
  }

  /** From the trailer, so empty until the call has ended. */
  get hops(): readonly Hop[] {
    return this.#hops
  }

  /** What gateways on the way have translated; from the trailer, as `hops`. */
  get translations(): readonly AppliedTranslation[] {
    return this.#translations
  }

  /** True once the call goes straight to the agent's own node, whose key has been proved: nobody on the way can read it. */
  get direct(): boolean {
    return this.#direct
  }

  /** Sends the request and yields each response decoded. Leaving early cancels the call on every hop. */
  async *responses<S extends DescMessage>(request: Uint8Array, schema: S): AsyncGenerator<MessageShape<S>, void, undefined> {
    for await (const bytes of this.raw(request)) yield decode(schema, bytes)
  }

  /** The same with undecoded messages. */
  async *raw(request: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    if (request.length > methods.call.maxBytes)
      throw new HansaError('FRAME_TOO_LARGE', `a message of ${request.length} bytes; the bound is ${methods.call.maxBytes}`, { bound: methods.call.maxBytes })
    const stream = await this.#open()
    let ended = false
    try {
      // Sent while answers are read: a callee may refuse before it has taken the whole request, and why is told by what is read, not by the write that fails.
      send(stream, request).catch(() => undefined)
      for (;;) {
        const bytes = await readMessage(stream, methods.call.maxBytes)
        if (bytes === undefined) break
        yield bytes
      }
      ended = true
      const trailer = decode(RelayTrailerSchema, stream.trailer())
      this.#hops = trailer.hops
      this.#translations = trailer.translations
    } finally {
      if (!ended) stream.abort(new HansaError('CANCELED', 'the caller wants no more'))
    }
  }

  async #open(): Promise<ClientStream> {
    const { rpc, identities, config } = this.#deps
    const self = identities.self()
    if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
    const target = formatHandle(this.target)
    const { extensions = [], tracestate, translate: _, inbox: __, ...options } = this.#settings
    const header = toBinary(
      RelayHeaderSchema,
      create(RelayHeaderSchema, {
        target,
        operation: this.operation,
        hopLimit: HOP_LIMIT,
        extensions: [...extensions],
        principal: self.spiffeId,
        tracestate,
        ...this.#facts
      })
    )
    // Translation, webhooks and inboxes are a gateway's work.
    const { translation, webhook, inbox } = this.#facts
    const needsGateway = translation !== undefined || webhook === true || inbox !== undefined
    if (config?.intraDomain === 'direct' && this.target.domain === self.domain && !needsGateway) {
      const stream = await this.#openDirect(target, header, options)
      if (stream !== undefined) {
        this.#direct = true
        return stream
      }
    }
    const none = new HansaError('NO_ROUTE', `no gateway of ${self.domain} is known to this node`)
    return firstAnswer(throughGateways(this.#deps), none, (gateway) => rpc.open(targetOf(gateway, 'agw', self.domain), methods.call, header, options), isFinal)
  }

  /** Undefined when the agent is to be reached through a gateway. */
  async #openDirect(handle: string, header: Uint8Array, options: QuerySettings): Promise<ClientStream | undefined> {
    const { rpc } = this.#deps
    const known = this.#addresses.find(handle)
    if (known !== undefined) {
      try {
        return await rpc.open(known, methods.deliver, header, options)
      } catch (thrown) {
        // Nothing has been sent. It may have moved; whoever said no on purpose is not asked twice.
        this.#addresses.forget(handle)
        if (isFinal(toHansaError(thrown)) && toHansaError(thrown).code !== 'PERMISSION_DENIED') throw thrown
      }
    }
    const { record, address } = await resolve(this.#deps, this.target, options)
    const node = address?.gateway === false ? address.node : undefined
    if (node === undefined || record.peerId !== node.peerId) return undefined
    // The name in the verified record, not the hint beside it, says who must answer.
    const found = { peer: node.peerId, addresses: node.multiaddrs, expect: { spiffeId: record.spiffeId } }
    const stream = await rpc.open(found, methods.deliver, header, options)
    this.#addresses.keep(handle, found)
    return stream
  }
}

async function send(stream: ClientStream, request: Uint8Array): Promise<void> {
  await writeMessage(stream, request)
  await stream.end()
}
