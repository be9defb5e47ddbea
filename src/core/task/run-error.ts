import { create } from '@bufbuild/protobuf'
import { type ErrorDetail, ErrorDetailSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { NeedState, type TaskRun, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { GraphIndex } from './graph-index.ts'
import { detail } from './retry-rules.ts'

/**
 * Why a run whose steps have all ended has failed: the first step, in the order of the graph, that FAILED, may not fail, and was not made good for. undefined: it
 * has not. A failure is made good for by a step that needs it FAILED or ENDED and has COMPLETED.
 */
export function runError(run: TaskRun, index: GraphIndex): ErrorDetail | undefined {
  const at = run.steps.findIndex(({ state }, place) => {
    if (state !== WorkState.FAILED || run.graph?.steps[place]?.allowFailure === true) return false
    const waiters = index.waiters[place] ?? []
    return !waiters.some(({ step, on }) => (on === NeedState.FAILED || on === NeedState.ENDED) && run.steps[step]?.state === WorkState.COMPLETED)
  })
  const step = run.steps[at]
  if (step === undefined) return undefined
  const error = step.error ?? detail('INTERNAL', 'no reason is known')
  return create(ErrorDetailSchema, { ...error, message: `step ${step.step}: ${error.message}`, metadata: { ...error.metadata, step: step.step } })
}
