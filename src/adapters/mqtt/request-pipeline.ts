import { isMessage, type Message } from '@bufbuild/protobuf'
import { formatHandle } from '../../core/ids/agent-id.ts'
import { ByteBudget } from '../../core/structures/byte-budget.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { type Message as A2aMessage, SendMessageRequestSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type ParsedCall, parseCall, renderResult } from '../../wire/binding/a2a-jsonrpc-server.ts'
import { openEnvelope, sealAnswer } from '../../wire/binding/mqtt-envelope.ts'
import { renderMqttFailure } from '../../wire/binding/mqtt-error.ts'
import { requestFacts } from '../../wire/binding/mqtt-properties.ts'
import { endsStream, STREAM_END } from '../../wire/binding/mqtt-replies.ts'
import { placeOf, renameInRequest, renameInResponse } from '../../wire/binding/mqtt-task-ids.ts'
import { parseTopic, routedAgent } from '../../wire/binding/mqtt-topics.ts'
import { createAliasing, type Aliasing } from './aliasing.ts'
import type { MqttRequest, ReplyPath } from './mqtt-request.ts'
import { createRecentRequests, type RecentRequest } from './recent-requests.ts'
import { createTaskAliases } from './task-aliases.ts'

/** For how long a duplicate is known (notes on retries: 10 minutes). */
const REMEMBER_MS = 600_000

/** Keys of requests that are remembered, two for each at most. */
const MAX_REMEMBERED = 20_000

/** A last answer up to this many characters is kept for retries. */
const MAX_KEPT = 4_096

/** As long as agents usually keep tasks in memory. */
const ALIASES = { max: 20_000, ttlMs: 24 * 3_600_000 }

/** A reply path, with what each answer must carry. */
interface Destination {
  send(json: string, properties: Record<string, string>): Promise<void>
  readonly signal: AbortSignal
}

export interface RequestPipeline {
  /** Answers one message. Never throws; resolves when the call is over. */
  handle(request: MqttRequest): Promise<void>
  /** Calls open now. */
  readonly open: number
  /** Ends all calls. Their tasks go on. */
  stop(): void
}

/** From a message on a request topic to answers on its reply topic: admission, JSON-RPC, aliases of tasks, the gateway's door. The same for any broker. */
export function createRequestPipeline(deps: {
  readonly door: GatewayDoor
  readonly clock: Clock
  readonly log: Log
  readonly budget?: ByteBudget
}): RequestPipeline {
  const { door, clock, log } = deps
  const budget = deps.budget ?? new ByteBudget()
  const recent = createRecentRequests<Destination>({ max: MAX_REMEMBERED, ttlMs: REMEMBER_MS })
  const aliases = createTaskAliases(ALIASES)
  const open = new Set<AbortController>()

  async function handle(request: MqttRequest): Promise<void> {
    let destination: Destination
    let body: Uint8Array
    try {
      ;({ destination, body } = opened(request))
    } catch (thrown) {
      // Nobody can be told.
      log.debug({ topic: request.topic.slice(0, 200), why: toHansaError(thrown).message }, 'a request without a way back')
      return
    }
    const life = new AbortController()
    const end = (): void => life.abort(new HansaError('CANCELED', 'the client went away'))
    if (destination.signal.aborted) return
    destination.signal.addEventListener('abort', end, { once: true })
    open.add(life)
    try {
      await admitted(request, body, destination, life.signal)
    } catch (thrown) {
      if (!life.signal.aborted) await fail(destination, null, toHansaError(thrown))
    } finally {
      open.delete(life)
      destination.signal.removeEventListener('abort', end)
    }
  }

  /** Admission comes before decoding. Throws what the door throws. */
  async function admitted(request: MqttRequest, body: Uint8Array, destination: Destination, signal: AbortSignal): Promise<void> {
    const principal = request.principal()
    const release = door.admit(principal, 'call')
    const account = budget.open(principal.spiffeId)
    try {
      account.take(body.length)
      const topic = parseTopic(request.topic)
      const agent = topic?.kind === 'request' ? routedAgent(topic) : undefined
      if (agent === undefined) throw new HansaError('AGENT_NOT_FOUND', `no agent has the topic ${JSON.stringify(request.topic.slice(0, 200))}`)
      const parsed = parseCall(body)
      if (!parsed.ok) return await fail(destination, parsed.id, helpful(parsed.error), parsed.jsonRpc)
      await once(request, principal, formatHandle(agent), parsed, destination, signal)
    } finally {
      account.release()
      release()
    }
  }

  /** A retry or a duplicate gets the answers of the first; it does not begin another. Requests that change nothing are simply done again. */
  async function once(
    request: MqttRequest,
    principal: Principal,
    target: string,
    parsed: ParsedCall & { ok: true },
    destination: Destination,
    signal: AbortSignal
  ): Promise<void> {
    const keys = keysOf(request, principal, target, parsed.message)
    const before = recent.find(keys, clock.monotonic())
    if (before === undefined || keys.length === 0) {
      const entry: RecentRequest<Destination> = { destination, over: false, failed: false, last: undefined }
      if (keys.length > 0) recent.add(keys, entry, clock.monotonic())
      return await answer(principal, target, parsed, entry, request, signal)
    }
    if (!before.over && !before.destination.signal.aborted) {
      before.destination = destination
      return
    }
    const aliasing = createAliasing({ door, aliases, clock, principal, target })
    const known = aliasing.snapshotRequest(parsed.message)
    if (known !== undefined) {
      const snapshot = await aliasing.snapshot(parsed.operation, known, signal)
      return await destination.send(renderResult(parsed.id, parsed.operation, snapshot), {})
    }
    if (before.last !== undefined) return await destination.send(before.last, {})
    await fail(destination, parsed.id, new HansaError('CONNECTION_LOST', 'the request was taken before, and its answer is not kept; send it as a new one'))
  }

  async function answer(
    principal: Principal,
    target: string,
    { id, operation, message }: ParsedCall & { ok: true },
    entry: RecentRequest<Destination>,
    request: MqttRequest,
    signal: AbortSignal
  ): Promise<void> {
    const { streaming } = operation
    const send = async (json: string, contextId = ''): Promise<void> => {
      entry.last = json.length <= MAX_KEPT ? json : undefined
      await entry.destination.send(json, { 'a2a-responder-agent-id': target, ...(contextId === '' ? {} : { 'a2a-context-id': contextId }) })
    }
    let ended = false
    try {
      const facts = requestFacts(request.properties)
      const aliasing: Aliasing = createAliasing({ door, aliases, clock, principal, target })
      const { contextId, ...options } = facts
      const placed = withContext(message, contextId)
      const asked = renameInRequest(placed, await aliasing.begin(placed, signal))
      let only: Message | undefined
      for await (const response of door.call({ principal, target, operation, message: asked, signal, ...options })) {
        aliasing.learn(response)
        const named = renameInResponse(response, aliasing.back)
        ended = endsStream(named)
        if (streaming) await send(renderResult(id, operation, named), placeOf(named).contextId)
        // To its end, though one answer is all that comes: a call that is left early is cut.
        else only = named
      }
      if (only !== undefined) await send(renderResult(id, operation, only), placeOf(only).contextId)
      else if (streaming && !ended) await entry.destination.send('', { [STREAM_END]: 'true' })
    } catch (thrown) {
      if (signal.aborted) return
      entry.failed = true
      await send(renderMqttFailure(id, toHansaError(thrown)))
    } finally {
      entry.over = true
    }
  }

  async function fail(destination: Destination, id: string | number | null, error: HansaError, jsonRpc?: number): Promise<void> {
    await destination.send(renderMqttFailure(id, error, jsonRpc), {}).catch((thrown: unknown) => {
      log.debug({ why: toHansaError(thrown).message }, 'an error that could not be told')
    })
  }

  return {
    async handle(request) {
      await handle(request).catch((thrown: unknown) => log.debug({ why: toHansaError(thrown).message }, 'a call over MQTT ended'))
    },
    get open() {
      return open.size
    },
    stop() {
      for (const life of open) life.abort(new HansaError('CANCELED', 'the gateway stops'))
    }
  }
}

/** Where the answers go, by the properties of MQTT 5 or by the envelope of older clients. Throws INVALID_ARGUMENT, PERMISSION_DENIED. */
function opened({ payload, properties, replyTo }: MqttRequest): { destination: Destination; body: Uint8Array } {
  const { responseTopic, correlationData } = properties
  if (responseTopic !== undefined && correlationData !== undefined) {
    if (correlationData.length === 0 || correlationData.length > 256) throw new HansaError('INVALID_ARGUMENT', 'Correlation Data must have 1 to 256 bytes')
    const path = replyTo(responseTopic)
    return { destination: through(path, (json) => json, correlationData), body: payload }
  }
  const envelope = openEnvelope(payload)
  if (envelope === undefined) throw new HansaError('INVALID_ARGUMENT', 'a request without Response Topic and Correlation Data')
  return { destination: through(replyTo(envelope.replyTo), (json) => (json === '' ? '' : sealAnswer(json, envelope.correlation))), body: envelope.body }
}

function through(path: ReplyPath, seal: (json: string) => string, correlationData?: Uint8Array): Destination {
  return { signal: path.signal, send: (json, userProperties) => path.send(seal(json), { correlationData, userProperties }) }
}

/** A duplicate has the same message ID, and the Correlation Data of the same requester or a task ID that its requester made. */
function keysOf(request: MqttRequest, principal: Principal, target: string, message: Message): string[] {
  if (!isMessage(message, SendMessageRequestSchema) || message.message === undefined) return []
  const { messageId, taskId } = message.message
  const { correlationData, responseTopic } = request.properties
  const keys: string[] = []
  const of = (...parts: string[]): string => JSON.stringify([target, messageId, ...parts])
  if (messageId.length > 256) return keys
  if (correlationData !== undefined) keys.push(of('c', request.requester, responseTopic ?? '', Buffer.from(correlationData).toString('base64')))
  if (taskId !== '' && taskId.length <= 256) keys.push(of('t', principal.spiffeId, taskId))
  return keys
}

function withContext(request: Message, contextId: string | undefined): Message {
  if (contextId === undefined || !isMessage(request, SendMessageRequestSchema)) return request
  const { message } = request
  if (message === undefined || message.contextId !== '') return request
  const placed: A2aMessage = { ...message, contextId }
  return { ...request, message: placed } as Message
}

/** Names of A2A 0.3, which clients of older versions of the profile still use. */
function helpful(error: HansaError): HansaError {
  const match = error.code === 'METHOD_NOT_FOUND' ? /"((?:message|tasks|agent)\/[A-Za-z/]+)"/.exec(error.message) : null
  const name = match?.[1] === undefined ? undefined : NEW_NAMES[match[1]]
  return name === undefined ? error : new HansaError('METHOD_NOT_FOUND', `${match?.[1]} is a method of A2A 0.3; in 1.0, which is spoken here, it is ${name}`)
}

const NEW_NAMES: Readonly<Record<string, string>> = {
  'message/send': 'SendMessage',
  'message/stream': 'SendStreamingMessage',
  'tasks/get': 'GetTask',
  'tasks/list': 'ListTasks',
  'tasks/cancel': 'CancelTask',
  'tasks/resubscribe': 'SubscribeToTask',
  'agent/getAuthenticatedExtendedCard': 'GetExtendedAgentCard'
}
