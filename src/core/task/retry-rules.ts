import { create } from '@bufbuild/protobuf'
import { type ErrorDetail, ErrorDetailSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { StepAttempt, StepRun, TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { ErrorCode } from '../../schema/errors.ts'
import type { AttemptFate } from './task-event.ts'

/** Tries of a step that says nothing: one agent that is gone and one that is just going leave a third. */
const USUAL_ATTEMPTS = 3

/** First pause of a step that says nothing: as long as a node takes to listen again. */
const USUAL_BACKOFF_MS = 1_000

/** A pause is no longer: whoever comes back is found within a minute. */
export const LONGEST_BACKOFF_MS = 60_000

/** One try of a step that says nothing, unless the deadline comes first. */
const USUAL_TIMEOUT_MS = 600_000

/** Under this name the metadata of an attempt's error keep the fate: it decides what may follow, also after a restart. */
const FATE = 'fate'

export function detail(code: ErrorCode, message: string, metadata: Readonly<Record<string, string>> = {}): ErrorDetail {
  return create(ErrorDetailSchema, { code, message, metadata: { ...metadata } })
}

export function timeoutOf(step: TaskStep): number {
  return step.timeoutMs === 0 ? USUAL_TIMEOUT_MS : step.timeoutMs
}

/** Tries of this step that count. */
function triesOf(stepRun: StepRun): number {
  return (stepRun.attempts.at(-1)?.number ?? 0) - stepRun.triesBefore
}

export function triesLeft(step: TaskStep, stepRun: StepRun): boolean {
  return triesOf(stepRun) < (step.attempts === 0 ? USUAL_ATTEMPTS : step.attempts)
}

/** Milliseconds before the next try: doubled with each. Without chance: the same run replays the same. */
export function pauseAfter(step: TaskStep, stepRun: StepRun): number {
  const first = step.backoffMs === 0 ? USUAL_BACKOFF_MS : step.backoffMs
  return Math.min(LONGEST_BACKOFF_MS, first * 2 ** Math.max(0, triesOf(stepRun) - 1))
}

export function withFate(error: ErrorDetail, fate: AttemptFate): ErrorDetail {
  return create(ErrorDetailSchema, { ...error, metadata: { ...error.metadata, [FATE]: fate } })
}

function ended(attempt: StepAttempt | undefined, fate: AttemptFate): boolean {
  return attempt?.error?.metadata[FATE] === fate
}

/** Attempts of the present set of tries that had an agent. */
function tried(stepRun: StepRun): StepAttempt[] {
  return stepRun.attempts.filter(({ number, agent }) => number > stepRun.triesBefore && agent !== '')
}

/** Agents that have failed at this step: another is better. */
export function agentsTried(stepRun: StepRun): string[] {
  return [...new Set(tried(stepRun).map(({ agent }) => agent))]
}

/** What the agent said when it refused this step; it need not be asked again. */
export function refusalOf(stepRun: StepRun, agent: string): ErrorDetail | undefined {
  return tried(stepRun).find((attempt) => attempt.agent === agent && ended(attempt, 'refused'))?.error
}

/** The newest attempt, when nobody knows what its agent did. */
export function unknownAttempt(stepRun: StepRun): StepAttempt | undefined {
  const last = stepRun.attempts.at(-1)
  return ended(last, 'unknown') ? last : undefined
}

/** True when this attempt sends again what an earlier one has sent: that it was not delivered says nothing of the first copy. */
export function isRepeat(stepRun: StepRun): boolean {
  const [before, last] = stepRun.attempts.slice(-2)
  return before !== undefined && last !== undefined && before.agent !== '' && before.messageId === last.messageId
}

export function outcomeUnknown(agent: string, error: ErrorDetail): ErrorDetail {
  if (error.code === 'OUTCOME_UNKNOWN') return create(ErrorDetailSchema, { ...error, metadata: { ...error.metadata, agent } })
  return detail('OUTCOME_UNKNOWN', `what ${agent} did is not known: ${error.message}`, { ...error.metadata, agent, reason: error.code })
}
