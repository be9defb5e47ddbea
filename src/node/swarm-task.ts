import type { JsonObject, JsonValue, MessageInitShape } from '@bufbuild/protobuf'
import { runResults } from '../core/task/run-results.ts'
import { isEnded, stateName, type WorkStateWord } from '../core/task/work-state.ts'
import type { Orchestrator } from '../roles/agent/tasks/orchestrator.ts'
import { errorOf, HansaError } from '../schema/errors.ts'
import { type TaskRun, WorkState } from '../schema/generated/hansa/v1/task_pb.ts'
import type { MessageSchema } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Planner } from './task/work.ts'

/** What plans and performs tasks in a node. */
export interface TaskWork {
  readonly tasks: Orchestrator
  readonly planner: Planner
}

/** How a task is begun. */
export interface TaskOptions {
  /** Facts that are given beside those in the goal or workflow. */
  readonly given?: JsonObject
  /** A name for it: the same again, also after a restart, gives the task that there is. */
  readonly id?: string
  /** Cancels the task, at every agent that works on it. */
  readonly signal?: AbortSignal
}

/** How a task stands. */
export interface TaskSnapshot {
  readonly id: string
  readonly state: WorkStateWord
  /** Results by name, those that there are so far. */
  readonly results: Readonly<Record<string, JsonValue>>
  /** All of it: steps, attempts, questions. */
  readonly run: TaskRun
}

/**
 * A task (draft 2.4). Await it for its end: it throws what the task failed with, and CANCELED. Or iterate over how it goes: at once, then after changes, until it
 * has ended; leaving the loop ends nothing.
 */
export interface SwarmTask extends PromiseLike<TaskSnapshot>, AsyncIterable<TaskSnapshot> {
  /** Resolves when the task is on disk: nothing of it is lost any more. Throws what planning throws. */
  readonly id: Promise<string>
  /** Cancels it, at every agent that works on it; resolves when that is on disk. */
  cancel(): Promise<void>
  /** Answers what the agent of a step asks (state 'input required'). */
  answer(step: string, message: string | MessageInitShape<typeof MessageSchema>): Promise<void>
}

/** `work`: a goal or workflow as an object, or its text (YAML or JSON). */
export function swarmTask({ tasks, planner }: TaskWork, work: string | JsonObject, { given, id, signal }: TaskOptions): SwarmTask {
  async function begin(): Promise<string> {
    signal?.throwIfAborted()
    const what = typeof work === 'string' ? { source: work } : { goal: work }
    const graph = await planner.plan({ ...what, ...(given === undefined ? {} : { given }) }, signal ?? new AbortController().signal)
    const run = await tasks.run(graph, id === undefined ? {} : { id })
    const cancel = () => void tasks.cancel(run.id).catch(() => undefined)
    if (signal?.aborted) cancel()
    else if (signal !== undefined) {
      signal.addEventListener('abort', cancel, { once: true })
      // A signal may outlive many tasks.
      void toItsEnd(run.id).finally(() => signal.removeEventListener('abort', cancel))
    }
    return run.id
  }

  async function toItsEnd(run: string): Promise<void> {
    try {
      for await (const _ of tasks.watch(run, new AbortController().signal));
    } catch {
      // It is gone.
    }
  }

  const begun = begin()
  // Whoever only iterates hears of it there.
  begun.catch(() => undefined)

  async function* snapshots(): AsyncGenerator<TaskSnapshot, void, undefined> {
    for await (const run of tasks.watch(await begun, new AbortController().signal)) yield snapshotOf(run)
  }

  async function end(): Promise<TaskSnapshot> {
    let last: TaskSnapshot | undefined
    for await (const snapshot of snapshots()) last = snapshot
    if (last === undefined || !isEnded(last.run.state)) throw new HansaError('NODE_NOT_RUNNING', 'this node has stopped; the task goes on when it starts again')
    const { run } = last
    if (run.state === WorkState.CANCELED) throw new HansaError('CANCELED', `task ${run.id} was canceled`)
    if (run.error !== undefined) throw errorOf(run.error)
    return last
  }

  return {
    id: begun,
    cancel: async () => void (await tasks.cancel(await begun)),
    async answer(step, message) {
      await tasks.answer(await begun, step, typeof message === 'string' ? { parts: [{ content: { case: 'text', value: message } }] } : message)
    },
    [Symbol.asyncIterator]: snapshots,
    then: (kept, failed) => end().then(kept, failed)
  }
}

function snapshotOf(run: TaskRun): TaskSnapshot {
  return { id: run.id, state: stateName(run.state), results: runResults(run), run }
}
