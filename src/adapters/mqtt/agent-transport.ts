import { randomUUID } from 'node:crypto'
import { create, isMessage, type Message } from '@bufbuild/protobuf'
import type { AgentFace, AgentTransport, InvokeOptions } from '../../ports/agent-client.ts'
import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'
import { GetTaskRequestSchema, SendMessageRequestSchema, StreamResponseSchema, TaskSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { renderCall } from '../../wire/binding/a2a-jsonrpc-client.ts'
import { A2A_VERSION } from '../../wire/binding/a2a-version.ts'
import { collectReply, endsStream, parseReply } from '../../wire/binding/mqtt-replies.ts'
import { formatTopic } from '../../wire/binding/mqtt-topics.ts'
import { type Operation, operations } from '../../wire/operations.ts'
import { addressOf, speaksMqtt } from './agent-address.ts'
import type { BrokerCredentials } from './broker-connection.ts'
import { createBrokerPool } from './broker-pool.ts'
import { brokerOf } from './broker-url.ts'

export interface MqttTransportSettings {
  /** For the first reply, in milliseconds ("Requester Retry and Timeout Profile": 15 s). */
  readonly firstReplyMs?: number
  /** Between replies; then the task is asked for (30 s). */
  readonly idleMs?: number
  /** Attempts while nothing has come (3), and the wait before the second, doubled for the third (1 s). */
  readonly attempts?: number
  readonly backOffMs?: number
  /** For `knock`, in milliseconds. */
  readonly knockMs?: number
}

/** A plain object as an agent without tasks knows none: it answers, whatever it says. */
const NO_TASK = '00000000-0000-4000-8000-000000000000'

/**
 * Calls agents by the A2A-over-MQTT profile 0.1 (draft 2.5, 3.3.2). The profile has the requester make the ID of a new task, so a message that names none is given a UUID; it is
 * also how the agent knows a repeated attempt.
 */
export function createMqttTransport(
  deps: {
    readonly clock: Clock
    /** For brokers that ask who connects; `broker` is mqtt(s)://host:port. */ readonly credentials?: (broker: string) => BrokerCredentials
  },
  settings: MqttTransportSettings = {}
): AgentTransport & { close(): Promise<void> } {
  const { clock } = deps
  const firstReplyMs = settings.firstReplyMs ?? 15_000
  const idleMs = settings.idleMs ?? 30_000
  const attempts = settings.attempts ?? 3
  const backOffMs = settings.backOffMs ?? 1_000
  const pool = createBrokerPool(clock, deps.credentials ?? (() => ({})))
  let lastId = 0

  /** All replies to one request, each parsed; ends where the operation does. */
  async function* replies(
    face: AgentFace,
    operation: Operation,
    request: Message,
    options: InvokeOptions,
    bounds: { readonly attempts: number; readonly firstReplyMs: number }
  ): AsyncGenerator<Message | 'idle', void, undefined> {
    const { signal } = options
    signal.throwIfAborted()
    const address = addressOf(face)
    const connection = await pool.get(brokerOf(face.url))
    const queue = connection.makeQueue()
    const abort = (): void => queue.fail(reasonOf(signal))
    signal.addEventListener('abort', abort, { once: true })
    const correlations: string[] = []
    try {
      const replyTo = await connection.openReplies(address)
      // The profile: a repeated attempt has the same ID of the request, and Correlation Data of its own; an agent may answer to any of them.
      const payload = renderCall(++lastId, operation, request)
      let first: Uint8Array | undefined
      for (let attempt = 0; attempt < bounds.attempts && first === undefined; attempt++) {
        if (attempt > 0) first = await queue.next(backOffMs * 2 ** (attempt - 1) * (0.8 + Math.random() * 0.4))
        if (first !== undefined) break
        signal.throwIfAborted()
        const correlation = randomUUID()
        correlations.push(correlation)
        connection.expect(correlation, queue)
        await connection.publish(formatTopic('request', address), payload, { replyTo, correlation, userProperties: userPropertiesOf(options) })
        first = await queue.next(bounds.firstReplyMs)
      }
      if (first === undefined)
        throw new HansaError('AGENT_UNREACHABLE', `the agent ${address.org}/${address.unit}/${address.agent} does not answer at its broker`)
      for (let next: Uint8Array | undefined = first; ; next = await queue.next(idleMs)) {
        if (next === undefined) yield 'idle'
        // An empty message ends a stream that no status ends.
        else if (next.length === 0) return
        else yield parseReply(operation, next)
      }
    } finally {
      signal.removeEventListener('abort', abort)
      for (const correlation of correlations) connection.forget(correlation)
    }
  }

  async function* invoke(face: AgentFace, operation: Operation, request: Message, options: InvokeOptions): AsyncGenerator<Message, void, undefined> {
    const asked = withTask(withTenant(request, face.tenant))
    const bounds = { attempts, firstReplyMs }
    const collector = collectReply()
    let taskId = taskOf(asked)
    for await (const reply of replies(face, operation, asked, options, bounds)) {
      if (reply === 'idle') {
        const task = await recover(face, taskId, options)
        if (task === undefined) continue
        const event = create(StreamResponseSchema, { payload: { case: 'task', value: task } })
        const whole = operation.streaming ? event : collector.add(event)
        if (whole !== undefined) yield whole
        return
      }
      taskId ||= isMessage(reply, StreamResponseSchema) && reply.payload.case === 'task' ? reply.payload.value.id : ''
      if (operation.streaming) {
        yield reply
        if (endsStream(reply)) return
        continue
      }
      const whole = collector.add(reply)
      if (whole === undefined) continue
      yield whole
      return
    }
    if (!operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent ended its replies without an answer')
  }

  /** After a long silence: the task, when it has ended and its last events were lost; undefined while it goes on. Throws AGENT_UNREACHABLE. */
  async function recover(face: AgentFace, taskId: string, options: InvokeOptions) {
    if (taskId === '') throw new HansaError('AGENT_UNREACHABLE', 'the agent has fallen silent')
    const request = create(GetTaskRequestSchema, { id: taskId })
    for await (const task of replies(face, operations.GetTask, request, options, { attempts: 1, firstReplyMs })) {
      if (task === 'idle' || !isMessage(task, TaskSchema)) break
      return endsStream(create(StreamResponseSchema, { payload: { case: 'task', value: task } })) ? task : undefined
    }
    throw new HansaError('AGENT_UNREACHABLE', 'the agent has fallen silent')
  }

  return {
    speaks: speaksMqtt,
    invoke,
    async knock(face, signal) {
      const options: InvokeOptions = { signal, extensions: [], principal: '' }
      const request = create(GetTaskRequestSchema, { id: NO_TASK })
      try {
        for await (const _ of replies(face, operations.GetTask, request, options, { attempts: 1, firstReplyMs: settings.knockMs ?? 5_000 })) return
      } catch (thrown) {
        // Any answer of its own says that it is there.
        if (thrown instanceof HansaError && thrown.metadata['jsonRpc'] !== undefined) return
        if (thrown instanceof HansaError && thrown.code === 'INVALID_AGENT_RESPONSE') return
        throw thrown
      }
    },
    close: () => pool.close()
  }
}

/** The tenant is the agent's affair, said by its card; one that only says where the agent is at its broker is none. */
function withTenant(request: Message, tenant: string): Message {
  const copy: Message & { tenant?: string } = { ...request, tenant: tenant.includes('/') ? '' : tenant }
  return copy
}

function withTask(request: Message): Message {
  if (!isMessage(request, SendMessageRequestSchema) || request.message === undefined || request.message.taskId !== '') return request
  const named: typeof request = { ...request, message: { ...request.message, taskId: randomUUID() } }
  return named
}

function taskOf(request: Message): string {
  if (isMessage(request, SendMessageRequestSchema)) return request.message?.taskId ?? ''
  const { id } = request as Message & { id?: unknown }
  return typeof id === 'string' ? id : ''
}

function userPropertiesOf({ extensions, principal, traceparent, tracestate }: InvokeOptions): Record<string, string> {
  return {
    'a2a-version': A2A_VERSION,
    ...(extensions.length > 0 ? { 'a2a-extensions': extensions.join(',') } : {}),
    ...(principal === '' ? {} : { 'a2a-hansa-principal': principal }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate })
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new HansaError('CANCELED', 'the call was canceled')
}
