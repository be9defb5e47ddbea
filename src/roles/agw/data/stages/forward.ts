import { create, enumToJson, toBinary } from '@bufbuild/protobuf'
import type { KnownTask, TaskOwners } from '../../../../core/access/task-owners.ts'
import { formatHandle } from '../../../../core/ids/agent-id.ts'
import type { Clock } from '../../../../ports/clock.ts'
import type { ClientStream, Rpc, Target } from '../../../../ports/rpc.ts'
import { type ErrorCode, HansaError, toHansaError } from '../../../../schema/errors.ts'
import { RelayHeaderSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { type TaskState, TaskStateSchema } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { methods } from '../../../../wire/methods.ts'
import type { AttachedAgent, NextHop, RoutingView } from '../../routing-view.ts'
import { addHops } from '../hops.ts'
import { writeMessage } from '../../../../wire/messages.ts'
import type { OriginIssuer } from '../origin-issuer.ts'
import { pipe } from '../pipe.ts'
import type { RelayCall, Stage } from '../relay-call.ts'
import { guardTasks } from '../task-guard.ts'

/** Ways around a gateway that does not answer, tried before the caller is told. Each costs at most the time to dial. */
const MAX_DETOURS = 2

interface ForwardDeps {
  readonly clock: Clock
  readonly rpc: Rpc
  readonly routes: RoutingView
  readonly origins: OriginIssuer
  readonly owners: TaskOwners
}

/** Hands the call to the agent's node or to the next gateway, and the answer back, fragment by fragment (draft 3.4.4). */
export function forward(deps: ForwardDeps): Stage {
  return {
    name: 'forward',
    async run(call) {
      const { next } = call
      if (next === undefined) throw new HansaError('INTERNAL', 'a call was to be forwarded before it had a next hop')
      if (next.kind === 'gateway') return relay(deps, call, next)
      if (call.operation.name === 'Trace') return answerTrace(deps, call, next.agent)
      if (call.operation.name === 'GetAgentCard') return answerCard(deps, call, next.agent)
      return deliver(deps, call, next.agent)
    }
  }
}

async function relay(deps: ForwardDeps, call: RelayCall, first: NextHop & { kind: 'gateway' }): Promise<void> {
  const handle = formatHandle(call.target)
  const header = encodeHeader(call, {
    hopLimit: call.hopLimit,
    path: [...call.path],
    origin: call.origin ?? deps.origins.vouch(call.principal, call.target.domain)
  })
  const avoided: string[] = []
  for (let { via } = first; ;) {
    try {
      const target = { peer: via.peerId, addresses: via.multiaddrs, expect: { spiffeId: via.spiffeId, role: 'agw' } }
      const out = await open(deps, call, target, methods.relay, header)
      return addHops(call, await pipe(call.incoming, out), elapsed(deps, call))
    } catch (thrown) {
      const error = toHansaError(thrown)
      if (!(thrown instanceof NotOpened)) throw error
      avoided.push(via.spiffeId)
      via = detour(deps, call, handle, avoided, error)
    }
  }
}

/** Another neighbour towards the agent. Nothing of the call has left this gateway yet, so trying again cannot deliver it twice. */
function detour(deps: ForwardDeps, call: RelayCall, handle: string, avoided: readonly string[], cause: HansaError): (NextHop & { kind: 'gateway' })['via'] {
  const failed = new HansaError(
    'NO_ROUTE',
    `${avoided.join(' and ')} cannot be reached, and no other gateway leads to ${handle}`,
    { via: avoided.join(' ') },
    cause
  )
  if (avoided.length > MAX_DETOURS) throw failed
  try {
    const next = deps.routes.nextHop(handle, [...call.path, ...avoided])
    if (next.kind === 'gateway') return next.via
  } catch {
    throw failed
  }
  throw failed
}

async function deliver(deps: ForwardDeps, call: RelayCall, agent: AttachedAgent): Promise<void> {
  const header = encodeHeader(call, { hopLimit: 1, path: [...call.path] })
  const incoming = await guardTasks(deps.owners, call)
  try {
    const out = await open(deps, call, nodeOf(agent), methods.deliver, header)
    addHops(call, await pipe(incoming, out), elapsed(deps, call))
  } catch (thrown) {
    const error = toHansaError(thrown)
    if (thrown instanceof NotOpened) throw unreachable(agent, error, call.task)
    // The agent's node may speak of itself only, not in the name of a gateway.
    throw LOCAL.has(error.code) && arose(error, call.self.spiffeId)
      ? error
      : new HansaError(error.code, error.message, { ...error.metadata, at: agent.spiffeId }, error.cause)
  }
}

async function answerCard(deps: ForwardDeps, call: RelayCall, agent: AttachedAgent): Promise<void> {
  await writeMessage(call.incoming, agent.card)
  call.hops.push({ gateway: call.self.spiffeId, ms: elapsed(deps, call) })
}

async function answerTrace(deps: ForwardDeps, call: RelayCall, agent: AttachedAgent): Promise<void> {
  const asked = deps.clock.monotonic()
  try {
    await deps.rpc.call(nodeOf(agent), methods.ping, {}, { signal: call.incoming.signal, timeoutMs: Math.min(left(deps, call), methods.ping.timeoutMs) })
  } catch (thrown) {
    throw call.incoming.signal.aborted ? thrown : unreachable(agent, toHansaError(thrown))
  }
  const there = { gateway: agent.spiffeId, ms: deps.clock.monotonic() - asked }
  call.hops.push({ gateway: call.self.spiffeId, ms: elapsed(deps, call) }, there)
}

/** No connection, or none any more. */
const LOST: ReadonlySet<ErrorCode> = new Set(['PEER_UNREACHABLE', 'CONNECTION_LOST'])

/** What this gateway finds out by itself about a call that it has handed over. */
const LOCAL: ReadonlySet<ErrorCode> = new Set(['PEER_UNREACHABLE', 'CONNECTION_LOST', 'DEADLINE_EXCEEDED', 'CANCELED'])

/** True when the error arose at this node; another place means that the other side has answered. */
function arose(error: HansaError, self: string): boolean {
  return (error.metadata['at'] ?? self) === self
}

/** Nothing was handed over: the other side could not be reached, or went away before it took the call. */
class NotOpened extends HansaError {}

async function open(deps: ForwardDeps, call: RelayCall, target: Target, method: typeof methods.relay, header: Uint8Array): Promise<ClientStream> {
  const { signal, traceparent } = call.incoming
  signal.throwIfAborted()
  try {
    return await deps.rpc.open(target, method, header, { signal, timeoutMs: left(deps, call), traceparent })
  } catch (thrown) {
    const error = toHansaError(thrown)
    if (signal.aborted) throw toHansaError(signal.reason)
    if (!LOST.has(error.code) || !arose(error, call.self.spiffeId)) throw error
    throw new NotOpened(error.code, error.message, error.metadata, error)
  }
}

/** Clocks differ between nodes, so time left travels, not a date: what has passed here is taken off. */
function left(deps: ForwardDeps, call: RelayCall): number {
  const ms = Math.floor(call.incoming.timeoutMs - elapsed(deps, call))
  if (ms < 1) throw new HansaError('DEADLINE_EXCEEDED', 'no time was left to go on')
  return ms
}

function elapsed(deps: ForwardDeps, call: RelayCall): number {
  return deps.clock.monotonic() - call.started
}

function nodeOf(agent: AttachedAgent): Target {
  return { peer: agent.peer, addresses: agent.addresses, expect: { spiffeId: agent.spiffeId } }
}

/** Who asks for a task is told at least how it was when it was last heard of. */
function unreachable(agent: AttachedAgent, cause: HansaError, task?: KnownTask): HansaError {
  const metadata: Record<string, string> = { agent: agent.handle }
  if (task !== undefined && task.state !== 0) metadata['lastState'] = String(enumToJson(TaskStateSchema, task.state as TaskState))
  return new HansaError('AGENT_UNREACHABLE', `${agent.handle} cannot be reached from its gateway: ${cause.message}`, metadata, cause)
}

function encodeHeader(call: RelayCall, rest: Pick<RelayCall, 'hopLimit' | 'path'> & { origin?: RelayCall['origin'] }): Uint8Array {
  const { callId, principal, header, operation } = call
  return toBinary(
    RelayHeaderSchema,
    create(RelayHeaderSchema, {
      callId,
      target: formatHandle(call.target),
      operation: operation.name,
      extensions: header.extensions,
      principal,
      hopLimit: rest.hopLimit,
      path: [...rest.path],
      origin: rest.origin,
      tracestate: header.tracestate,
      translation: call.translation,
      contentTypes: header.contentTypes,
      accepts: header.accepts,
      webhook: header.webhook,
      inbox: header.inbox
    })
  )
}
