import { create, toBinary } from '@bufbuild/protobuf'
import { formatHandle } from '../../../../core/ids/agent-id.ts'
import { quote } from '../../../../core/ids/domain.ts'
import { formatReceiptId } from '../../../../core/ids/receipt-id.ts'
import { mayWait } from '../../../../core/inbox/after-failure.ts'
import { expiryOf, MAX_ANSWER } from '../../../../core/inbox/inbox-bounds.ts'
import type { Clock } from '../../../../ports/clock.ts'
import { HansaError, toHansaError } from '../../../../schema/errors.ts'
import { type InboxItem, InboxState, RelayHeaderSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import {
  SendMessageRequestSchema,
  SendMessageResponseSchema,
  StreamResponseSchema,
  type Task,
  TaskSchema
} from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decode } from '../../../../wire/decode.ts'
import { writeMessage } from '../../../../wire/messages.ts'
import { isTerminal } from '../../../../wire/task-states.ts'
import type { RelayCall, Stage } from '../relay-call.ts'
import type { Held } from './held.ts'
import type { InboxBook } from './inbox-book.ts'
import { decodeAnswer, receiptOf } from './receipt.ts'

export interface InboxStageDeps {
  readonly clock: Clock
  readonly book: InboxBook
  /** The longest a message waits here, in milliseconds. */
  readonly ttlMs: number
  /** Unguessable, at least 22 characters of base64url. */
  readonly newId: () => string
  /** How the task is now that an agent has answered with (an encoded Task); undefined when nobody can say. */
  readonly follow: (item: InboxItem, taskId: string) => Promise<Uint8Array | undefined>
  /** A message was kept for this agent (handle). */
  readonly kept: (agent: string) => void
}

/** Between all stages and the last one: keeps what may wait and cannot be delivered, and answers questions about it; all other calls go on. */
export function inboxStage(deps: InboxStageDeps, forward: Stage): Stage {
  const { book, clock } = deps

  async function keep(call: RelayCall, held: Held & { kind: 'message' }, attempts = 0): Promise<void> {
    const { header, principal, self } = call
    const { message } = decode(SendMessageRequestSchema, held.request)
    const { extensions, tracestate, translation, contentTypes, accepts, inbox } = header
    const agent = formatHandle(call.target)
    const item = await book.add({
      id: formatReceiptId(deps.newId(), self.spiffeId),
      agent,
      attempts,
      principal,
      messageId: message?.messageId ?? '',
      contextId: message?.contextId ?? '',
      traceparent: call.incoming.traceparent ?? '',
      header: create(RelayHeaderSchema, { target: agent, operation: 'SendMessage', extensions, principal, tracestate, translation, contentTypes, accepts }),
      request: held.request,
      expiresAt: expiryOf(Number(inbox?.ttlMs ?? 0n), deps.ttlMs, clock.now())
    })
    deps.kept(agent)
    await answer(call, held, item)
  }

  /** Past the adapters of other stages: it is no answer of the agent. */
  async function answer(call: RelayCall, held: Held, item: InboxItem): Promise<void> {
    call.incoming = held.caller
    await writeMessage(held.caller, encode(call, receiptOf(item, book.answer(item.id))))
    call.hops.push({ gateway: call.self.spiffeId, ms: clock.monotonic() - call.started })
  }

  /** Throws TASK_NOT_FOUND for what is not the caller's. */
  function mine({ principal, target }: RelayCall, id: string): InboxItem {
    const item = book.find(id)
    if (item === undefined || item.principal !== principal || item.agent !== formatHandle(target))
      throw new HansaError('TASK_NOT_FOUND', `no message of yours for ${formatHandle(target)} has the receipt ${quote(id)}`)
    return item
  }

  /** A receipt whose agent works on it is as that task is now: who only asks for the receipt sees it end. */
  async function refresh(item: InboxItem): Promise<void> {
    const kept = book.answer(item.id)
    const payload = kept === undefined ? undefined : decodeAnswer(kept)?.payload
    if (payload?.case !== 'task' || isTerminal(payload.value.status?.state)) return
    const bytes = await deps.follow(item, payload.value.id)
    if (bytes === undefined) return
    const task = decode(TaskSchema, bytes)
    task.history = []
    let renewed = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: task } }))
    if (renewed.length > MAX_ANSWER) {
      // How it ended is worth more than what cannot be kept anyway.
      task.artifacts = []
      renewed = toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload: { case: 'task', value: task } }))
    }
    await book.renew(item.id, renewed)
  }

  async function about(call: RelayCall, held: Held & { kind: 'receipt' }): Promise<void> {
    const item = mine(call, held.id)
    if (call.operation.name === 'CancelTask') {
      if (item.state !== InboxState.WAITING)
        throw new HansaError('TASK_NOT_CANCELABLE', item.endedAt > 0n ? 'it is over' : 'the message is being delivered', { agent: item.agent })
      await book.end(item.id, { state: InboxState.CANCELED, error: new HansaError('CANCELED', 'its sender canceled it.') })
    }
    if (call.operation.name === 'GetTask') await refresh(item)
    await answer(call, held, mine(call, held.id))
  }

  return {
    name: 'inbox',
    async run(call) {
      const { held } = call
      if (held === undefined) return forward.run(call)
      if (held.kind === 'receipt') return about(call, held)
      if (!held.first) return keep(call, held)
      try {
        await forward.run(call)
      } catch (thrown) {
        const error = toHansaError(thrown)
        if (held.caller.answered || call.incoming.signal.aborted || !mayWait(error)) throw thrown
        await keep(call, held, error.code === 'CONNECTION_LOST' ? 1 : 0)
      }
    }
  }
}

/** The receipt, as the operation answers. */
function encode({ operation }: RelayCall, receipt: Task): Uint8Array {
  const payload = { case: 'task', value: receipt } as const
  if (operation.name === 'SendMessage') return toBinary(SendMessageResponseSchema, create(SendMessageResponseSchema, { payload }))
  return operation.streaming ? toBinary(StreamResponseSchema, create(StreamResponseSchema, { payload })) : toBinary(TaskSchema, receipt)
}
