import { isMessage, type JsonValue, type Message, type MessageInitShape } from '@bufbuild/protobuf'
import { EXTENSIONS } from '../core/ids/extension-uris.ts'
import { parseReceiptId } from '../core/ids/receipt-id.ts'
import { HansaError } from '../schema/errors.ts'
import type { InboxSchema } from '../schema/generated/hansa/v1/gateway_pb.ts'
import { CancelTaskRequestSchema, GetTaskRequestSchema, SendMessageRequestSchema, SubscribeToTaskRequestSchema } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** The longest that a message may be asked to wait, in milliseconds: a week. */
const MAX_TTL_MS = 7 * 86_400_000

/** Whether a call is about an inbox: a message that may wait, or a question about the receipt of one. Throws INVALID_ARGUMENT naming the field. */
export function inboxOf(request: Message): MessageInitShape<typeof InboxSchema> | undefined {
  if (isMessage(request, SendMessageRequestSchema)) {
    const asked = request.message?.metadata?.[EXTENSIONS.inbox]
    return asked === undefined ? undefined : inboxFrom(asked)
  }
  if (isMessage(request, GetTaskRequestSchema) || isMessage(request, CancelTaskRequestSchema) || isMessage(request, SubscribeToTaskRequestSchema))
    // Any domain serves to see that the ID is one of a receipt.
    return parseReceiptId(request.id, 'any.example') === undefined ? undefined : {}
  return undefined
}

/** The request to keep a message, from what stands under EXTENSIONS.inbox: `{ ttlMs? }`. Throws INVALID_ARGUMENT naming the field. */
export function inboxFrom(asked: JsonValue | { readonly ttlMs?: number | undefined }): MessageInitShape<typeof InboxSchema> {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw wrong('', 'an object such as { "ttlMs": 3600000 }')
  const { ttlMs, ...rest } = asked as Readonly<Record<string, unknown>>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(`.${unknown.slice(0, 40)}`, 'no such member')
  if (ttlMs === undefined) return {}
  if (typeof ttlMs !== 'number' || !Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > MAX_TTL_MS) throw wrong('.ttlMs', `milliseconds from 1 to ${MAX_TTL_MS}`)
  return { ttlMs: BigInt(ttlMs) }
}

function wrong(field: string, wanted: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', `metadata["${EXTENSIONS.inbox}"]${field}: ${wanted} is wanted`, {
    field: `message.metadata["${EXTENSIONS.inbox}"]${field}`
  })
}
