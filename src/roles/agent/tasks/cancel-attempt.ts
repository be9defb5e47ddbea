import { create } from '@bufbuild/protobuf'
import { EXTENSIONS } from '../../../core/ids/extension-uris.ts'
import { errorDetail, HansaError, toHansaError } from '../../../schema/errors.ts'
import {
  CancelTaskRequestSchema,
  GetTaskRequestSchema,
  MessageSchema,
  SendMessageRequestSchema,
  TaskSchema
} from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { isTerminal } from '../../../wire/task-states.ts'
import { pause } from '../pause.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptDeps, AttemptWork } from './attempt-deps.ts'
import type { AttemptWord } from './attempt-word.ts'
import { BackOff } from './back-off.ts'
import { passing } from './passing.ts'
import { taskEnd } from './task-end.ts'
import { TaskReading } from './task-reading.ts'

/** An agent tells its task within a moment of taking the message; without it there is nothing that could be canceled. */
const TASK_MS = 2_000
/** For all of it: below the minute after which the run goes on without an answer. */
const CANCEL_MS = 30_000
const CALL_MS = 5_000

/**
 * Stops an attempt, at the agent too, and says how it ended: canceled, or completed or failed after all. Canceled with an error: nobody knows whether the agent has
 * stopped. `live`: the attempt while it is followed; it is left here.
 */
export async function cancelAttempt(deps: AttemptDeps, work: AttemptWork, live: Attempt | undefined, signal: AbortSignal): Promise<void> {
  let taskId = work.taskId
  if (live !== undefined) {
    if (!live.untouched) await live.taskKnown(TASK_MS)
    // It has come to its end by itself, and has said so.
    if (live.over || signal.aborted) return
    const { untouched } = live
    taskId = live.taskId
    live.leave()
    if (taskId === '' && untouched) return work.say({ kind: 'canceled' })
  }
  work.say(await stop(deps, work, taskId, signal))
}

async function stop(deps: AttemptDeps, work: AttemptWork, taskId: string, signal: AbortSignal): Promise<AttemptWord> {
  const { clock, swarm } = deps
  const { agent, translate } = work
  const reading = new TaskReading(taskId)
  const end = clock.monotonic() + CANCEL_MS
  const backOff = new BackOff(200, 3_000, deps.random)
  const options = () => ({ signal, timeoutMs: CALL_MS })
  let asked = false
  let failure = new HansaError('OUTCOME_UNKNOWN', `${agent} has told no task that could be canceled`, { agent })
  while (!signal.aborted && clock.monotonic() < end) {
    try {
      if (reading.taskId === '') {
        if (!work.idempotent) break
        // The same message again, as it was sent first, is joined to the first: it tells the task, or the answer.
        const request = create(SendMessageRequestSchema, { message: create(MessageSchema, work.message), configuration: { returnImmediately: true } })
        const same = { ...options(), extensions: [EXTENSIONS.idempotency], ...(translate === undefined ? {} : { translate }) }
        reading.take((await swarm.send(agent, { request }, same)).response)
      } else if (!asked) {
        reading.takeTask(await swarm.invoke(agent, 'CancelTask', TaskSchema, create(CancelTaskRequestSchema, { id: reading.taskId }), options()))
        asked = true
      } else {
        const request = create(GetTaskRequestSchema, { id: reading.taskId, historyLength: 0 })
        reading.takeTask(await swarm.invoke(agent, 'GetTask', TaskSchema, request, options()))
      }
      if (isTerminal(reading.state)) return taskEnd(reading, agent, deps.sha256)
      failure = new HansaError('OUTCOME_UNKNOWN', `${agent} was told to stop, and has not said that it has`, { agent })
      // The task has just become known, or is looked at again: the first look comes at once.
      if (!asked) continue
    } catch (thrown) {
      failure = toHansaError(thrown)
      // It has ended, or cannot be canceled: its state says which.
      if (failure.code === 'TASK_NOT_CANCELABLE' || failure.code === 'UNSUPPORTED_OPERATION') asked = true
      else if (passing(failure) === 'never') break
    }
    await pause(clock, backOff.next(), signal)
  }
  return { kind: 'canceled', error: errorDetail(failure) }
}
