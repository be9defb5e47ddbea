import { formatHandle } from '../../../../core/ids/agent-id.ts'
import { quote } from '../../../../core/ids/domain.ts'
import { parseReceiptId } from '../../../../core/ids/receipt-id.ts'
import { mayWait } from '../../../../core/inbox/after-failure.ts'
import type { ByteBudget } from '../../../../core/structures/byte-budget.ts'
import { HansaError, toHansaError } from '../../../../schema/errors.ts'
import {
  CancelTaskRequestSchema,
  GetTaskRequestSchema,
  SendMessageRequestSchema,
  SubscribeToTaskRequestSchema
} from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decode } from '../../../../wire/decode.ts'
import { readMessage } from '../../../../wire/messages.ts'
import { methods } from '../../../../wire/methods.ts'
import type { OperationName } from '../../../../wire/operations.ts'
import type { NextHop, RoutingView } from '../../routing-view.ts'
import type { RelayCall } from '../relay-call.ts'
import { reread } from './held.ts'
import type { InboxBook } from './inbox-book.ts'
import type { KnownAgents } from './known-agents.ts'

export interface PlaceDeps {
  readonly routes: RoutingView
  readonly memory: ByteBudget
  /** Undefined where this gateway keeps no messages. */
  readonly inbox: { readonly book: InboxBook; readonly known: KnownAgents } | undefined
}

/** IDs of a message that waits and of its session, in characters: they are kept in memory for as long as its receipt; what clients make is far shorter. */
const MAX_ID = 512

/** A request about a task: an ID and a few settings. */
const MAX_TASK_REQUEST = 64 * 1024

const TASK_OF: Readonly<Partial<Record<OperationName, (request: Uint8Array) => string>>> = {
  GetTask: (bytes) => decode(GetTaskRequestSchema, bytes).id,
  CancelTask: (bytes) => decode(CancelTaskRequestSchema, bytes).id,
  SubscribeToTask: (bytes) => decode(SubscribeToTaskRequestSchema, bytes).id
}

/**
 * Where a call goes whose head names an inbox: on towards the agent as any call; or, when the agent cannot be reached, to the gateway that it was attached to; or it
 * stays here (`call.held`). A question about a receipt goes to the gateway that the receipt names. Throws as RoutingView.nextHop, and
 * PUSH_NOTIFICATION_NOT_SUPPORTED for a message that names a webhook, too.
 */
export async function place(deps: PlaceDeps, call: RelayCall): Promise<NextHop | undefined> {
  const taskOf = TASK_OF[call.operation.name]
  if (taskOf !== undefined) return placeReceipt(deps, call, taskOf)
  const sends = call.operation.name === 'SendMessage' || call.operation.name === 'SendStreamingMessage'
  if (!sends || call.header.inbox?.kept === true) return deps.routes.nextHop(formatHandle(call.target), call.path)
  if (call.header.webhook) throw withoutWebhook()
  return placeMessage(deps, call)
}

async function placeReceipt({ routes }: PlaceDeps, call: RelayCall, taskOf: (request: Uint8Array) => string): Promise<NextHop | undefined> {
  const bytes = (await readMessage(call.incoming, MAX_TASK_REQUEST)) ?? new Uint8Array()
  const caller = reread(call.incoming, bytes)
  call.incoming = caller
  const id = taskOf(bytes)
  const receipt = parseReceiptId(id, call.target.domain)
  if (receipt === undefined) return routes.nextHop(formatHandle(call.target), call.path)
  if (receipt.gateway === call.self.spiffeId) {
    call.held = { kind: 'receipt', id, caller }
    return undefined
  }
  const next = routes.towards(receipt.gateway, call.path)
  if (next === undefined) throw new HansaError('NO_ROUTE', `no way to ${receipt.gateway}, which has the receipt ${quote(id)}`, { gateway: receipt.gateway })
  return next
}

async function placeMessage(deps: PlaceDeps, call: RelayCall): Promise<NextHop | undefined> {
  const { routes, inbox } = deps
  const { target, self, principal } = call
  const handle = formatHandle(target)
  const [next, failure] = hopOr(() => routes.nextHop(handle, call.path))
  const home = target.domain === self.domain
  const keeps = inbox !== undefined && home && (next?.kind === 'local' || inbox.known.get(handle) !== undefined || inbox.book.index.knows(handle))
  if (keeps) {
    const request = await readWhole(deps, call)
    const { message, configuration } = decode(SendMessageRequestSchema, request)
    if (configuration?.taskPushNotificationConfig !== undefined) throw withoutWebhook()
    if (message === undefined || message.messageId === '')
      throw new HansaError('INVALID_ARGUMENT', 'a message that may wait needs an ID (messageId)', { field: 'message.messageId' })
    for (const field of ['messageId', 'contextId'] as const)
      if (message[field].length > MAX_ID)
        throw new HansaError('INVALID_ARGUMENT', `a message that may wait has a ${field} of at most ${MAX_ID} characters`, { field: `message.${field}` })
    const caller = reread(call.incoming, request)
    call.incoming = caller
    const { index } = inbox.book
    const here = index.same(handle, principal, message.messageId) !== undefined || index.isBehind(handle, principal)
    if (here || next?.kind !== 'gateway') call.held = { kind: 'message', request, first: !here && next !== undefined, caller }
    if (here) return undefined
  }
  if (next !== undefined || call.held !== undefined) return next
  const towards = routes.towardsHome(handle, call.path)
  if (towards === undefined) throw failure
  return towards
}

function hopOr(nextHop: () => NextHop): [NextHop, undefined] | [undefined, HansaError] {
  try {
    return [nextHop(), undefined]
  } catch (thrown) {
    const error = toHansaError(thrown)
    if (!mayWait(error)) throw error
    return [undefined, error]
  }
}

/** Held in memory until the call has ended. */
async function readWhole({ memory }: PlaceDeps, call: RelayCall): Promise<Uint8Array> {
  const account = memory.open(call.principal)
  call.onEnd.push(() => account.release())
  const bytes = await readMessage(call.incoming, methods.relay.maxBytes, account)
  if (bytes === undefined) throw new HansaError('MALFORMED', `a ${call.operation.name} without a request`)
  return bytes
}

function withoutWebhook(): HansaError {
  return new HansaError('PUSH_NOTIFICATION_NOT_SUPPORTED', 'a message that may wait in an inbox has no webhook: ask for its receipt with GetTask', {
    field: 'configuration.taskPushNotificationConfig'
  })
}
