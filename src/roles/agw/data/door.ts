import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { AccessPolicy } from '../../../core/access/access-policy.ts'
import { parseHandle } from '../../../core/ids/agent-id.ts'
import { ByteBudget } from '../../../core/structures/byte-budget.ts'
import { parseSpiffeId } from '../../../core/ids/spiffe-id.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../../ports/gateway-door.ts'
import type { Identities } from '../../../ports/identity.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type Hop, RelayHeaderSchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../wire/methods.ts'
import { type Operation, operations } from '../../../wire/operations.ts'
import { type RequestFacts, requestFacts } from '../../../wire/relay-request.ts'
import type { RoutingView } from '../routing-view.ts'
import type { CallAdmission } from './admission.ts'
import { createDoorCall, type DoorCall } from './door-call.ts'
import { trailerFrom } from './hops.ts'
import { readMessage } from '../../../wire/messages.ts'
import type { Pipeline } from './pipeline.ts'

export interface DoorDeps {
  readonly clock: Clock
  readonly identities: Identities
  readonly routes: RoutingView
  readonly admission: CallAdmission
  readonly policy: AccessPolicy
  readonly pipeline: Pipeline
  readonly running: () => boolean
  /** Relay of webhooks, where there is one. */
  readonly notify: GatewayDoor['notify'] | undefined
}

interface Outgoing {
  readonly principal: Principal
  readonly target: string
  readonly operation: Operation
  readonly request: Uint8Array
  readonly facts?: RequestFacts
  readonly extensions: readonly string[]
  readonly signal: AbortSignal
  readonly timeoutMs?: number
  readonly traceparent?: string
  readonly tracestate?: string
}

/** The door of foreign protocols, and the way in for calls that the gateway itself makes. */
export function createDoor(deps: DoorDeps): GatewayDoor & { trace(target: string, signal: AbortSignal): Promise<Hop[]> } {
  /** Answers that clients have not taken yet, by the agent that gave them. */
  const memory = new ByteBudget()

  function own(principal: Principal): void {
    const self = deps.identities.self()
    if (!deps.running() || self === undefined) throw new HansaError('OVERLOADED', 'the gateway is not taking calls now')
    // A gateway vouches for its own domain only; who comes from another one calls through a gateway there.
    if (parseSpiffeId(principal.spiffeId).domain !== self.domain)
      throw new HansaError('PERMISSION_DENIED', `${principal.spiffeId} must call through a gateway of its own domain`, {
        domain: self.domain,
        at: self.spiffeId
      })
  }

  /** Runs the call while `use` reads its answer; whatever way `use` ends, the call is over when this is. */
  async function* run<T>(outgoing: Outgoing, use: (call: DoorCall) => AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    const { signal, principal, operation, target, extensions } = outgoing
    own(principal)
    const cut = new AbortController()
    const cancel = (): void => cut.abort(new HansaError('CANCELED', 'the caller went away'))
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    const timeoutMs = outgoing.timeoutMs ?? methods.relay.timeoutMs
    const stopTimer = deps.clock.after(timeoutMs, () => cut.abort(new HansaError('DEADLINE_EXCEEDED', `no answer within ${timeoutMs} ms`)))
    const call = createDoorCall(outgoing.request, { signal: cut.signal, timeoutMs, traceparent: outgoing.traceparent })
    const { facts, tracestate } = outgoing
    const header = create(RelayHeaderSchema, { target, operation: operation.name, extensions: [...extensions], tracestate, ...facts })
    deps.pipeline.run({ kind: 'door', principal: principal.spiffeId }, call.incoming, header).then(
      () => call.finish(),
      (thrown: unknown) => call.finish(thrown)
    )
    let over = false
    try {
      yield* use(call)
      over = true
    } finally {
      stopTimer()
      signal.removeEventListener('abort', cancel)
      if (!over) cancel()
    }
  }

  async function* responses(operation: Operation, target: string, call: DoorCall): AsyncGenerator<Message, void, undefined> {
    let count = 0
    for (;;) {
      const account = memory.open(target)
      try {
        const bytes = await readMessage(call, methods.relay.maxBytes, account)
        if (bytes === undefined) break
        if (++count > 1 && !operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered ${operation.name} more than once`)
        // Held until the client has taken it.
        yield decode(operation, bytes)
      } finally {
        account.release()
      }
    }
    if (count === 0 && !operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', `the agent did not answer ${operation.name}`)
  }

  return {
    admit(principal, kind) {
      own(principal)
      if (kind === 'call') return deps.admission.call(principal.spiffeId)
      deps.admission.discovery(principal.spiffeId)
      return () => undefined
    },
    call(request) {
      const bytes = toBinary(request.operation.request, request.message)
      return run({ ...request, request: bytes, facts: requestFacts(request.message, request) }, (call) => responses(request.operation, request.target, call))
    },
    async card(principal, target, signal) {
      const outgoing = { principal, target, operation: operations.GetAgentCard, request: new Uint8Array(), extensions: [], signal, timeoutMs: CARD_TIMEOUT_MS }
      let card: Uint8Array | undefined
      for await (const bytes of run(outgoing, raw)) card = bytes
      if (card === undefined) throw new HansaError('INVALID_AGENT_RESPONSE', `the gateway of ${target} answered without a card`, { agent: target })
      return card
    },
    async trace(target, signal) {
      const self = deps.identities.self()
      if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this gateway has no certificate yet')
      const outgoing = { principal: self, target, operation: operations.Trace, request: new Uint8Array(), extensions: [], signal, timeoutMs: CARD_TIMEOUT_MS }
      let hops: Hop[] = []
      for await (const told of run(outgoing, hopsAtEnd)) hops = told
      return hops
    },
    async notify(...notification) {
      if (!deps.running()) throw new HansaError('OVERLOADED', 'the gateway is not taking calls now')
      if (deps.notify === undefined) throw new HansaError('PUSH_NOTIFICATION_NOT_SUPPORTED', 'this gateway relays no webhooks')
      await deps.notify(...notification)
    },
    reachable(principal) {
      const { domain } = parseSpiffeId(principal.spiffeId)
      const listed = deps.identities.domains()
      const allowed = deps.routes.reachable().filter(({ advert, applicable }) => {
        if (!applicable) return false
        const request = { caller: domain, target: parseHandle(advert.handle), capabilities: () => advert.capabilities, listed }
        return deps.policy.review(request) === undefined
      })
      return allowed.map(({ advert }) => advert)
    },
    ready: () => deps.running() && deps.identities.self() !== undefined
  }
}

/** Cards and traces are answered from memory at the far gateway; who waits longer than this has lost it. */
const CARD_TIMEOUT_MS = 15_000

/** An attachment is no larger than this (methods.attach), so no card is. */
const MAX_CARD = methods.attach.maxBytes

async function* raw(call: DoorCall): AsyncGenerator<Uint8Array, void, undefined> {
  // To its end: a call that is left early is cut, and its streams with it.
  for (let bytes = await readMessage(call, MAX_CARD); bytes !== undefined; bytes = await readMessage(call, MAX_CARD)) yield bytes
}

async function* hopsAtEnd(call: DoorCall): AsyncGenerator<Hop[], void, undefined> {
  while ((await call.read()) !== undefined);
  yield trailerFrom(call.trailer()).hops
}

function decode(operation: Operation, bytes: Uint8Array): Message {
  try {
    return fromBinary(operation.response, bytes)
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', `the answer to ${operation.name} cannot be decoded`, {}, cause)
  }
}
