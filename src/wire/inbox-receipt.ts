import { EXTENSIONS } from '../core/ids/extension-uris.ts'
import type { Task } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** What the gateway of an agent says of a message that waits there, or did. */
export interface Receipt {
  /** ID of the task that is read with GetTask, and canceled with CancelTask while the message waits. */
  readonly id: string
  /** waiting, delivering, delivered, expired, refused or canceled. */
  readonly state: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** The agent's own task, when it has answered with one. */
  readonly taskId?: string
}

/** Undefined for a task that is no receipt. */
export function receiptFrom(task: Pick<Task, 'id' | 'metadata'>): Receipt | undefined {
  const said = task.metadata?.[EXTENSIONS.inbox]
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return undefined
  const { state, expiresAt, taskId } = said
  const until = typeof expiresAt === 'string' ? Date.parse(expiresAt) : NaN
  if (typeof state !== 'string' || Number.isNaN(until)) return undefined
  return { id: task.id, state, expiresAt: until, ...(typeof taskId === 'string' ? { taskId } : {}) }
}
