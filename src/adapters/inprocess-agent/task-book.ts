import { create } from '@bufbuild/protobuf'
import { timestampMs } from '@bufbuild/protobuf/wkt'
import { HansaError } from '../../schema/errors.ts'
import {
  type GetTaskRequest,
  type ListTasksRequest,
  type ListTasksResponse,
  ListTasksResponseSchema,
  type Task,
  TaskState
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { RunningTask } from './running-task.ts'

/** Tasks that are kept in all; the oldest finished ones make room. */
const MAX_TASKS = 1_000

/** Bytes of messages and answers above which finished tasks make room too. */
const MAX_BYTES = 128 * 1024 * 1024

/** How long a task waits for an answer to its question before its place may be needed for another: a person who is away for a night comes back. */
const PATIENCE_MS = 24 * 60 * 60 * 1000

/** Tasks of one principal that may run at a time, so that one caller cannot take all the room. */
const MAX_RUNNING = 100

const PAGE = { usual: 50, most: 100 }

/** The tasks of an agent in this process. Everybody sees only their own (A2A 1.0, 3.1.4). */
export class TaskBook {
  readonly #tasks = new Map<string, RunningTask>()
  readonly #now: () => number

  /** `now`: milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws TOO_MANY_CALLS above the principal's bound, OVERLOADED when the tasks that run leave no room. */
  add(task: RunningTask): void {
    for (const one of this.#tasks.values()) {
      if (!one.asks || one.since > this.#now() - PATIENCE_MS) continue
      one.abort.abort(new HansaError('CANCELED', 'nobody answered'))
      one.end(TaskState.CANCELED, 'nobody answered')
    }
    let running = 0
    let bytes = task.bytes
    for (const one of this.#tasks.values()) {
      bytes += one.bytes
      if (one.principal === task.principal && !one.over) running++
    }
    if (running >= MAX_RUNNING) throw new HansaError('TOO_MANY_CALLS', `${MAX_RUNNING} of your tasks are running`, { bound: MAX_RUNNING })
    for (const one of [...this.#tasks.values()]) {
      if (this.#tasks.size < MAX_TASKS && bytes <= MAX_BYTES) break
      if (!one.over) continue
      this.#tasks.delete(one.id)
      bytes -= one.bytes
    }
    if (this.#tasks.size >= MAX_TASKS || bytes > MAX_BYTES) throw new HansaError('OVERLOADED', `${this.#tasks.size} tasks are running`)
    this.#tasks.set(task.id, task)
  }

  /** Throws TASK_NOT_FOUND, also for a task of somebody else. */
  find(id: string, principal: string): RunningTask {
    const task = this.#tasks.get(id)
    if (task === undefined || task.principal !== principal) throw new HansaError('TASK_NOT_FOUND', `no task ${JSON.stringify(id.slice(0, 80))}`)
    return task
  }

  get({ id, historyLength }: GetTaskRequest, principal: string): Task {
    return trim(this.find(id, principal).snapshot(), historyLength)
  }

  /** Newest status first, in pages. Throws INVALID_ARGUMENT for a page token that is none. */
  list(request: ListTasksRequest, principal: string): ListTasksResponse {
    const after = request.statusTimestampAfter === undefined ? -Infinity : timestampMs(request.statusTimestampAfter)
    const found = [...this.#tasks.values()]
      .filter((one) => one.principal === principal)
      .map((one) => one.snapshot())
      .filter((task) => request.contextId === '' || task.contextId === request.contextId)
      .filter((task) => request.status === TaskState.UNSPECIFIED || task.status?.state === request.status)
      .filter((task) => changedAt(task) > after)
      .sort((a, b) => changedAt(b) - changedAt(a))
    const from = request.pageToken === '' ? 0 : Number(request.pageToken)
    if (!Number.isSafeInteger(from) || from < 0) throw new HansaError('INVALID_ARGUMENT', 'pageToken is not one that was given out')
    const size = Math.min(PAGE.most, Math.max(1, request.pageSize ?? PAGE.usual))
    const tasks = found.slice(from, from + size).map((task) => trim(task, request.historyLength ?? 0))
    if (request.includeArtifacts !== true) for (const task of tasks) task.artifacts = []
    const nextPageToken = from + size < found.length ? String(from + size) : ''
    return create(ListTasksResponseSchema, { tasks, nextPageToken, pageSize: size, totalSize: found.length })
  }
}

function changedAt(task: Task): number {
  return task.status?.timestamp === undefined ? 0 : timestampMs(task.status.timestamp)
}

function trim(task: Task, historyLength: number | undefined): Task {
  if (historyLength !== undefined) task.history = historyLength <= 0 ? [] : task.history.slice(-historyLength)
  return task
}
