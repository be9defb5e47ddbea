import type { Message } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { ErrorDetail } from '../../../schema/generated/hansa/v1/call_pb.ts'
import type { Fate } from './fates.ts'
import type { Output } from './task-reading.ts'

/** What one attempt has to say: a TaskEvent without the names of step and attempt, and with the bytes of files. */
export type AttemptWord =
  | { readonly kind: 'accepted'; readonly taskId: string }
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'asked'; readonly question: Message }
  | { readonly kind: 'answered' }
  | ({ readonly kind: 'completed' } & Output)
  | { readonly kind: 'failed'; readonly fate: Fate; readonly error: ErrorDetail }
  | { readonly kind: 'canceled'; readonly error?: ErrorDetail }
