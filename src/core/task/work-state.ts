import { WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'

const NAMES = {
  [WorkState.PENDING]: 'pending',
  [WorkState.IN_PROGRESS]: 'in progress',
  [WorkState.INPUT_REQUIRED]: 'input required',
  [WorkState.COMPLETED]: 'completed',
  [WorkState.FAILED]: 'failed',
  [WorkState.CANCELED]: 'canceled',
  [WorkState.SKIPPED]: 'skipped'
} as const

/** States of steps and tasks, in words. */
export type WorkStateWord = 'pending' | 'in progress' | 'input required' | 'completed' | 'failed' | 'canceled' | 'skipped'

/** The state in words; one that this version does not know is 'pending', as nothing is known to have been done. */
export function stateName(state: WorkState): WorkStateWord {
  return NAMES[state as keyof typeof NAMES] ?? 'pending'
}

/** True when a step or run in this state does not change any more by itself. */
export function isEnded(state: WorkState): boolean {
  return state === WorkState.COMPLETED || state === WorkState.FAILED || state === WorkState.CANCELED || state === WorkState.SKIPPED
}
