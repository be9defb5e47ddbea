import { create, type Message, toBinary } from '@bufbuild/protobuf'
import { formatHandle } from '../../core/ids/agent-id.ts'
import { ByteBudget } from '../../core/structures/byte-budget.ts'
import { quote } from '../../core/ids/domain.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { Rpc, ServerStream } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type RelayHeader, RelayHeaderSchema, RelayTrailerSchema } from '../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../wire/methods.ts'
import { isOperation, type Operation, operations } from '../../wire/operations.ts'
import { decode } from '../../wire/decode.ts'
import { readMessage, writeMessage } from '../../wire/messages.ts'
import { traceContext } from '../../wire/trace-context.ts'
import type { Answers } from './answers/answers.ts'
import { recordIncoming } from './sessions/incoming-call.ts'
import type { Sessions } from './sessions/sessions.ts'
import { checkWebhook } from './check-webhook.ts'
import { pause } from './pause.ts'
import { TaskGuard } from './task-guard.ts'
import { untilAborted } from './until-aborted.ts'

export interface DeliveryDeps {
  readonly clock: Clock
  readonly rpc: Rpc
  readonly identities: Identities
  /** The agent itself, behind what its node remembers of messages. */
  readonly answers: Answers
  readonly intraDomain: 'direct' | 'gateway'
  /** The card's exact bytes; undefined while it has not been read. */
  readonly card: () => Uint8Array | undefined
  /** Beginning of the addresses that the gateway gives in place of webhooks; undefined while there is no gateway that has any. */
  readonly webhookBase: () => string | undefined
  /** Where what comes in is recorded. */
  readonly sessions?: Sessions | undefined
  /** Called once per call that has ended. */
  readonly ended: (operation: string, error: HansaError | undefined) => void
}

/** Serves `agent.deliver`: the last step of a relayed call, from the gateway to the agent itself (draft 3.4.4). */
export class Delivery {
  readonly #deps: DeliveryDeps
  readonly #tasks: TaskGuard
  readonly #memory = new ByteBudget()
  #open = 0
  #accepting = false
  #stopping = new AbortController()
  #idle: (() => void) | undefined

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
    this.#tasks = new TaskGuard((task) => deps.answers.ownerOf(task))
    deps.rpc.handleStream(methods.deliver, (stream) => this.#serve(stream))
  }

  get openCalls(): number {
    return this.#open
  }

  start(): void {
    this.#deps.answers.open()
    this.#stopping = new AbortController()
    this.#accepting = true
  }

  /** Takes no more calls; resolves when the open ones have ended, and the work that goes on without its caller; ends them itself after `ms`. */
  async drain(ms: number): Promise<void> {
    this.#accepting = false
    if (this.#quiet) return
    const idle = new AbortController()
    this.#idle = () => idle.abort()
    await pause(this.#deps.clock, ms, idle.signal)
    const reason = new HansaError('AGENT_UNREACHABLE', 'the agent is stopping')
    this.#stopping.abort(reason)
    this.#deps.answers.stop(reason)
  }

  get #quiet(): boolean {
    return this.#open === 0 && this.#deps.answers.running === 0
  }

  /** Work has ended that nobody waited for. */
  rest(): void {
    if (this.#quiet) this.#idle?.()
  }

  async #serve(stream: ServerStream): Promise<void> {
    const started = this.#deps.clock.monotonic()
    const self = this.#deps.identities.self()
    let name = 'unknown'
    let failure: HansaError | undefined
    this.#open++
    try {
      if (!this.#accepting || self === undefined) throw new HansaError('AGENT_UNREACHABLE', 'the agent is stopping')
      const header = decode(RelayHeaderSchema, stream.header)
      if (isOperation(header.operation)) name = header.operation
      await this.#run(stream, header, self)
      const hops = [{ gateway: self.spiffeId, ms: this.#deps.clock.monotonic() - started }]
      stream.setTrailer(toBinary(RelayTrailerSchema, create(RelayTrailerSchema, { hops })))
    } catch (thrown) {
      failure = toHansaError(thrown)
      throw self === undefined ? failure : failure.at(self.spiffeId)
    } finally {
      this.#open--
      this.#deps.ended(name, failure)
      this.rest()
    }
  }

  async #run(stream: ServerStream, header: RelayHeader, self: PeerIdentity): Promise<void> {
    const principal = this.#principal(stream, header)
    const handle = formatHandle(self)
    if (header.target !== handle) throw new HansaError('AGENT_NOT_FOUND', `this is ${handle}, not ${quote(header.target)}`, { agent: handle })
    if (!isOperation(header.operation)) throw new HansaError('UNSUPPORTED_OPERATION', `no operation is called ${quote(header.operation)}`)
    const operation = operations[header.operation]
    if (operation.name === 'Trace') return
    if (operation.name === 'GetAgentCard') {
      const card = this.#deps.card()
      if (card === undefined) throw new HansaError('AGENT_UNREACHABLE', `the card of ${handle} has not been read yet`, { agent: handle })
      return writeMessage(stream, card)
    }
    const account = this.#memory.open(principal)
    try {
      const bytes = await readMessage(stream, methods.deliver.maxBytes, account)
      if (bytes === undefined) throw new HansaError('MALFORMED', `a ${operation.name} without a request`)
      await this.#invoke(stream, operation, decode(operation.request, bytes), header, principal)
    } finally {
      account.release()
    }
  }

  /** Gateways of the own domain vouch for the caller; an agent of the own domain speaks for itself only, and only when calls may be direct (draft 3.3). */
  #principal({ caller }: ServerStream, header: RelayHeader): string {
    const peer = caller.identity
    if (peer?.own && peer.roles.includes('agw')) {
      const claimed = header.principal === '' ? peer.spiffeId : header.principal
      parseSpiffeId(claimed)
      return claimed
    }
    if (peer?.own && peer.roles.includes('agent') && this.#deps.intraDomain === 'direct') return peer.spiffeId
    throw new HansaError('PERMISSION_DENIED', 'messages for this agent go through a gateway of its domain', {
      domain: this.#deps.identities.self()?.domain ?? ''
    })
  }

  async #invoke(stream: ServerStream, operation: Operation, request: Message, header: RelayHeader, principal: string): Promise<void> {
    this.#tasks.check(request, principal)
    checkWebhook(request, this.#deps.webhookBase())
    const signal = AbortSignal.any([stream.signal, this.#stopping.signal])
    const { extensions, tracestate } = header
    const options = { signal, extensions, principal, ...traceContext(stream.traceparent, tracestate) }
    using record = recordIncoming(this.#deps.sessions, operation.name, request, header, { principal, self: this.#deps.identities.self()?.spiffeId ?? '' })
    const responses = ofWork(this.#deps.answers.invoke(operation, request, options, header.inbox !== undefined), this.#deps.identities.self()?.spiffeId ?? '')
    for await (const response of untilAborted(responses, signal)) {
      record?.answered(response)
      // The next response is asked for only when this one has been taken: a slow reader holds the agent back, not this node's memory.
      await writeMessage(stream, toBinary(operation.response, this.#tasks.pass(request, response, principal)))
    }
  }
}

/** An error of another node comes from whom the agent has called: without a word of that it could not be told from one of the way to the agent. */
async function* ofWork(responses: AsyncIterable<Message>, self: string): AsyncGenerator<Message, void, undefined> {
  try {
    yield* responses
  } catch (thrown) {
    const error = toHansaError(thrown)
    const { at = self } = error.metadata
    throw at === self ? error : error.passedOn(self)
  }
}
