import type { Message } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { StepOutput } from '../../schema/generated/hansa/v1/task_pb.ts'

/**
 * What can happen to a run. Events about an attempt carry its number: one that comes late, from an attempt that is over, changes nothing. Times are
 * arguments of the machine, in milliseconds since the epoch.
 */
export type TaskEvent =
  /** Begins a fresh run. */
  | { readonly kind: 'start' }
  /** The process has started anew, or an operator wants it to go on: everything that was on its way is taken up again. */
  | { readonly kind: 'recover' }
  /** An agent was found for the step; `messageId` is the key of the new attempt. */
  | { readonly kind: 'assigned'; readonly step: string; readonly agent: string; readonly idempotent: boolean; readonly messageId: string }
  /** No agent fits now. Tried again after a pause as long as attempts and time are left. */
  | { readonly kind: 'unassigned'; readonly step: string; readonly error: ErrorDetail }
  /** The agent has made the message a task of its own. */
  | { readonly kind: 'accepted'; readonly step: string; readonly attempt: number; readonly taskId: string }
  | { readonly kind: 'progress'; readonly step: string; readonly attempt: number; readonly text: string }
  /** The agent wants to know more before it goes on. */
  | { readonly kind: 'asked'; readonly step: string; readonly attempt: number; readonly question: Message }
  /** Somebody answers what an agent asked. */
  | { readonly kind: 'answer'; readonly step: string; readonly message: Message }
  /** The agent has the answer. */
  | { readonly kind: 'answered'; readonly step: string; readonly attempt: number }
  /** `outputs` have been checked by the machine, not by who sends this. */
  | { readonly kind: 'completed'; readonly step: string; readonly attempt: number; readonly output: StepOutput }
  /**
   * The attempt has come to nothing. `undelivered`: the agent never had it. `failed`: the agent says so. `refused`: as failed, and asking again is of no use.
   * `unknown`: nobody can tell what the agent did. `output`: what it had put out by then.
   */
  | {
      readonly kind: 'failed'
      readonly step: string
      readonly attempt: number
      readonly fate: 'undelivered' | 'failed' | 'refused' | 'unknown'
      readonly error: ErrorDetail
      readonly output?: StepOutput
    }
  /** The attempt has been told to stop and is over. */
  | { readonly kind: 'canceled'; readonly step: string; readonly attempt: number; readonly error?: ErrorDetail }
  /** Somebody wants the whole to end. */
  | { readonly kind: 'cancel' }
  /** Time has passed: pauses and deadlines. */
  | { readonly kind: 'tick' }
