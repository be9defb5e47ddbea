import { TaskState } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** States that a task never leaves (A2A specification 4.1.3). */
const TERMINAL: ReadonlySet<TaskState> = new Set([TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELED, TaskState.REJECTED])

/** States in which it waits for its client. */
const INTERRUPTED: ReadonlySet<TaskState> = new Set([TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED])

export function isTerminal(state: TaskState | undefined): boolean {
  return state !== undefined && TERMINAL.has(state)
}

/** True when an agent says no more of its own accord: a stream of the task ends here. */
export function isSettled(state: TaskState | undefined): boolean {
  return state !== undefined && (TERMINAL.has(state) || INTERRUPTED.has(state))
}
