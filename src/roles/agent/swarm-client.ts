import { create, type DescMessage, type Message, type MessageInitShape, type MessageShape, toBinary, fromJson, type JsonObject } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { type AgentId, formatHandle, parseAgent } from '../../core/ids/agent-id.ts'
import { HansaError } from '../../schema/errors.ts'
import { EmptySchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { DiscoverRequestSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { AppliedTranslation, Hop } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { requestFacts } from '../../wire/relay-request.ts'
import { translationFrom } from '../../wire/translation-request.ts'
import { type OperationName, operations } from '../../wire/operations.ts'
import { AddressBook } from './address-book.ts'
import { find, type Found, resolve, type Resolved } from './discovery.ts'
import { OutboundCall } from './outbound-call.ts'
import type { CallSettings, QuerySettings, SwarmClientDeps } from './swarm-client-deps.ts'

/** What may be sent: words, words and facts, a message (its ID and role are filled in), or a whole request with its configuration. */
export type Outgoing =
  string | OutgoingContents | MessageInitShape<typeof a2a.MessageSchema> | { readonly request: MessageInitShape<typeof a2a.SendMessageRequestSchema> }

/** A message by what is in it. */
export interface OutgoingContents {
  /** Its words. */
  readonly text?: string
  /** Its members are facts. */
  readonly data?: JsonObject
}

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
}

/** Responses as they arrive. Leaving the loop early cancels the stream on every hop (not the task). */
export interface ResponseStream extends AsyncIterable<a2a.StreamResponse> {
  /** Complete when the loop has ended. */
  readonly hops: readonly Hop[]
  /** As in Sent; known from the first response on. */
  readonly direct: boolean
  /** Complete when the loop has ended. */
  readonly translations: readonly AppliedTranslation[]
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

  function requestOf(message: Outgoing): a2a.SendMessageRequest {
    const request = create(a2a.SendMessageRequestSchema, isRequest(message) ? message.request : { message: messageOf(message) })
    if (request.message === undefined) throw new HansaError('INVALID_ARGUMENT', 'a request without a message')
    if (request.message.messageId === '') request.message.messageId = newId()
    if (request.message.role === a2a.Role.UNSPECIFIED) request.message.role = a2a.Role.USER
    return request
  }

  function open(agent: string, operation: OperationName, options: CallSettings, request?: Message): OutboundCall {
    const { translate } = options
    const asked = translate === undefined ? {} : { translation: translationFrom({ ...translate }) }
    const facts = request === undefined ? {} : { ...requestFacts(request, {}), ...asked }
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
    return {
      [Symbol.asyncIterator]: () => call.responses(toBinary(operations[operation].request, request), a2a.StreamResponseSchema),
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
      const request = requestOf(message)
      const call = open(agent, 'SendMessage', options, request)
      const response = await one(call, a2a.SendMessageResponseSchema, request)
      return { response, hops: call.hops, direct: call.direct, translations: call.translations }
    },
    stream: (agent, message, options = {}) => many(agent, 'SendStreamingMessage', requestOf(message), options),
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

function isRequest(message: Outgoing): message is { readonly request: MessageInitShape<typeof a2a.SendMessageRequestSchema> } {
  return typeof message === 'object' && 'request' in message
}

function messageOf(message: Exclude<Outgoing, { readonly request: unknown }>): MessageInitShape<typeof a2a.MessageSchema> {
  if (typeof message === 'string') return { parts: [{ content: { case: 'text', value: message } }] }
  if (!('text' in message) && !('data' in message)) return message as MessageInitShape<typeof a2a.MessageSchema>
  const { text, data } = message
  return {
    parts: [
      ...(text === undefined ? [] : [{ content: { case: 'text' as const, value: text } }]),
      ...(data === undefined ? [] : [{ content: { case: 'data' as const, value: fromJson(ValueSchema, data) }, mediaType: 'application/json' }])
    ]
  }
}
