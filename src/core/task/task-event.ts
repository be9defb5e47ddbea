import type { Message } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { StepOutput } from '../../schema/generated/hansa/v1/task_pb.ts'

/**
 * How an attempt came to nothing. `undelivered`: the agent never had it. `failed`: the agent says so. `refused`: as failed, and asking it again is of no use.
 * `unknown`: nobody can tell what the agent did.
 */
export type AttemptFate = 'undelivered' | 'failed' | 'refused' | 'unknown'

/**
 * What can happen to a run. Events about an attempt carry its number: one that comes late, from an attempt that is over, changes nothing. Times are
 * arguments of the machine, in milliseconds since the epoch.
 */
export type TaskEvent =
  /** Begins a fresh run. */
  | { readonly kind: 'start' }
  /** The process has started anew: everything that was on its way is taken up again. The first event of a machine over a run that has been kept. */
  | { readonly kind: 'recover' }
  /**
   * An operator wants it to go on. A FAILED run does with fresh tries, deadline and budget for what failed and what was skipped; what has completed stays. A step
   * with OUTCOME_UNKNOWN stays as it is, unless it may be done twice or its agent honours the idempotency key. In a run that goes on, pauses end. Throws
   * INVALID_ARGUMENT when the run has completed or was canceled, OUTCOME_UNKNOWN when nothing may be done again.
   */
  | { readonly kind: 'resume' }
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
  /** The attempt has come to nothing. `output`: what it had put out by then. */
  | {
      readonly kind: 'failed'
      readonly step: string
      readonly attempt: number
      readonly fate: AttemptFate
      readonly error: ErrorDetail
      readonly output?: StepOutput
    }
  /** The attempt has been told to stop and is over. With an error: nobody knows whether it has stopped. */
  | { readonly kind: 'canceled'; readonly step: string; readonly attempt: number; readonly error?: ErrorDetail }
  /** Somebody wants the whole to end. */
  | { readonly kind: 'cancel' }
  /** Time has passed: pauses and deadlines. */
  | { readonly kind: 'tick' }
