import { create, type DescMessage, type Message, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { type AgentId, formatHandle, parseAgent } from '../../core/ids/agent-id.ts'
import { HansaError } from '../../schema/errors.ts'
import { EmptySchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { DiscoverRequestSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { AppliedTranslation, Hop } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type Receipt, receiptFrom } from '../../wire/inbox-receipt.ts'
import { inboxFrom } from '../../wire/inbox-request.ts'
import { requestFacts } from '../../wire/relay-request.ts'
import { translationFrom } from '../../wire/translation-request.ts'
import { type OperationName, operations } from '../../wire/operations.ts'
import { AddressBook } from './address-book.ts'
import { find, type Found, resolve, type Resolved } from './discovery.ts'
import { OutboundCall } from './outbound-call.ts'
import { type Outgoing, outgoingRequest } from './outgoing-request.ts'
import type { CallSettings, QuerySettings, SwarmClientDeps } from './swarm-client-deps.ts'

/** An answer, and how it came. */
export interface Sent {
  /** A message or a task. */
  readonly response: a2a.SendMessageResponse
  /** Gateways passed and the agent's node, first to last, with the time spent at each and all behind it. */
  readonly hops: readonly Hop[]
  /** The call went straight to the agent's node: encrypted end to end. What this node did, not what somebody told it. */
  readonly direct: boolean
  /** What was translated on the way, by which gateway. */
  readonly translations: readonly AppliedTranslation[]
  /** The agent is offline and the message waits at its gateway (CallSettings.inbox): `response` is the receipt, and this is what it says. */
  readonly receipt?: Receipt
}

/** Responses as they arrive. Leaving the loop early cancels the stream on every hop (not the task). */
export interface ResponseStream extends AsyncIterable<a2a.StreamResponse> {
  /** Complete when the loop has ended. */
  readonly hops: readonly Hop[]
  /** As in Sent; known from the first response on. */
  readonly direct: boolean
  /** Complete when the loop has ended. */
  readonly translations: readonly AppliedTranslation[]
  /** As in Sent; known from the first response on. */
  readonly receipt: Receipt | undefined
}

/** The swarm as one node sees it: finds agents of all listed domains and speaks to them. All methods throw HansaError. */
export interface SwarmClient {
  /** Agents that fit, best first (draft 3.2.3). Records that cannot be believed are left out and counted. */
  find(request: MessageInitShape<typeof DiscoverRequestSchema>, options?: QuerySettings): Promise<Found>
  /** The record of one agent, by handle, resource ID, SPIFFE ID, or its bare name in the own domain, with what was verified. */
  resolve(agent: string, options?: QuerySettings): Promise<Resolved>
  /** Sends a message and waits for the answer: a message, or a task when it has ended or asks something. */
  send(agent: string, message: Outgoing, options?: CallSettings): Promise<Sent>
  /** Sends a message; its answer is given as it is made. */
  stream(agent: string, message: Outgoing, options?: CallSettings): ResponseStream
  /** Any unary operation of A2A, such as GetTask or CancelTask. */
  invoke<S extends DescMessage>(agent: string, operation: OperationName, response: S, request: Message, options?: CallSettings): Promise<MessageShape<S>>
  /** Follows a task that is running. */
  subscribe(agent: string, taskId: string, options?: CallSettings): ResponseStream
  /** The agent's own card, exact bytes (JSON). */
  card(agent: string, options?: CallSettings): Promise<Uint8Array>
  /** Each hop on the way to the agent with its time. */
  trace(agent: string, options?: CallSettings): Promise<readonly Hop[]>
}

export function createSwarmClient(deps: SwarmClientDeps): SwarmClient {
  const addresses = new AddressBook(deps.clock)
  const newId = deps.newId ?? (() => globalThis.crypto.randomUUID())

  function target(agent: string): AgentId {
    return parseAgent(agent, deps.identities.self()?.domain)
  }

  function open(agent: string, operation: OperationName, options: CallSettings, request?: Message): OutboundCall {
    const { translate, inbox } = options
    const asked = translate === undefined ? {} : { translation: translationFrom({ ...translate }) }
    const waits = inbox === undefined ? {} : { inbox: inboxFrom(inbox) }
    const facts = request === undefined ? {} : { ...requestFacts(request, {}), ...asked, ...waits }
    return new OutboundCall(deps, addresses, target(agent), operation, options, facts)
  }

  async function one<S extends DescMessage>(call: OutboundCall, response: S, request: Message): Promise<MessageShape<S>> {
    let answer: MessageShape<S> | undefined
    for await (const message of call.responses(toBinary(operations[call.operation].request, request), response)) answer ??= message
    if (answer === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', `${formatHandle(call.target)} did not answer ${call.operation}`)
    return answer
  }

  function many(agent: string, operation: OperationName, request: Message, options: CallSettings): ResponseStream {
    const call = open(agent, operation, options, request)
    let receipt: Receipt | undefined
    async function* responses(): AsyncGenerator<a2a.StreamResponse, void, undefined> {
      for await (const response of call.responses(toBinary(operations[operation].request, request), a2a.StreamResponseSchema)) {
        receipt ??= response.payload.case === 'task' ? receiptFrom(response.payload.value) : undefined
        yield response
      }
    }
    return {
      [Symbol.asyncIterator]: responses,
      get receipt() {
        return receipt
      },
      get hops() {
        return call.hops
      },
      get direct() {
        return call.direct
      },
      get translations() {
        return call.translations
      }
    }
  }

  return {
    find: (request, options = {}) => find(deps, request, options),
    resolve: async (agent, options = {}) => resolve(deps, target(agent), options),
    async send(agent, message, options = {}) {
      const request = outgoingRequest(message, newId)
      const call = open(agent, 'SendMessage', options, request)
      const response = await one(call, a2a.SendMessageResponseSchema, request)
      const receipt = response.payload.case === 'task' ? receiptFrom(response.payload.value) : undefined
      return { response, hops: call.hops, direct: call.direct, translations: call.translations, ...(receipt === undefined ? {} : { receipt }) }
    },
    stream: (agent, message, options = {}) => many(agent, 'SendStreamingMessage', outgoingRequest(message, newId), options),
    subscribe: (agent, id, options = {}) => many(agent, 'SubscribeToTask', create(a2a.SubscribeToTaskRequestSchema, { id }), options),
    async invoke(agent, operation, response, request, options = {}) {
      if (operations[operation].streaming || operations[operation].response !== (response as DescMessage))
        throw new HansaError('INVALID_ARGUMENT', `${operation} does not answer with one ${response.typeName}`)
      return one(open(agent, operation, options, request), response, request)
    },
    async card(agent, options = {}) {
      for await (const bytes of open(agent, 'GetAgentCard', options).raw(toBinary(EmptySchema, create(EmptySchema)))) return bytes
      throw new HansaError('INVALID_AGENT_RESPONSE', `no card came for ${agent}`)
    },
    async trace(agent, options = {}) {
      const call = open(agent, 'Trace', options)
      for await (const bytes of call.raw(toBinary(EmptySchema, create(EmptySchema)))) void bytes
      return call.hops
    }
  }
}
