import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { newRun } from '../../../core/task/new-run.ts'
import type { Store } from '../../../ports/store.ts'
import { StepRunSchema, type TaskGraph, TaskGraphSchema, type TaskRun, TaskRunSchema } from '../../../schema/generated/hansa/v1/task_pb.ts'

/** Runs without graph and steps; names and planner of the graph stay in it, for lists. */
const RUNS = 'tasks'
/** Graphs are written once: they do not change. */
const GRAPHS = 'task-graphs'
/** Steps that something has happened to; the others are as a fresh run has them. */
const STEPS = 'task-steps'

/** Digits of the place of a step, so that keys sort as places do: at most 10,000 steps. */
const DIGITS = 5

/** Values of JSON may be nested 100 deep at the doors, and each level is up to three messages of protobuf: what was written must be read again. */
const DEEP = { recursionLimit: 400 }

/** Which rows of a run are to be written. */
export interface Changes {
  readonly run: boolean
  readonly steps: Iterable<number>
}

/** Runs on disk. Writes are there after the store's next commit. */
export class RunTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** The graph of a run that is new, beside its rows. */
  putGraph(id: string, graph: TaskGraph): void {
    this.#store.put(GRAPHS, id, toBinary(TaskGraphSchema, graph))
  }

  graph(id: string): TaskGraph | undefined {
    const bytes = this.#store.get(GRAPHS, id)
    return bytes === undefined ? undefined : fromBinary(TaskGraphSchema, bytes, DEEP)
  }

  put(run: TaskRun, { run: head, steps }: Changes): void {
    if (head) this.#store.put(RUNS, run.id, toBinary(TaskRunSchema, headOf(run)))
    for (const place of steps) {
      const step = run.steps[place]
      if (step !== undefined) this.#store.put(STEPS, stepKey(run.id, place), toBinary(StepRunSchema, step))
    }
  }

  /** All runs without steps, in no order; of the graph there is the name and the planner. */
  *heads(): Iterable<TaskRun> {
    for (const [, bytes] of this.#store.entries(RUNS)) yield fromBinary(TaskRunSchema, bytes)
  }

  /** A run as it was at its last commit; undefined when there is none of that name. */
  load(id: string): TaskRun | undefined {
    const head = this.#store.get(RUNS, id)
    const graph = this.graph(id)
    if (head === undefined || graph === undefined) return undefined
    const kept = fromBinary(TaskRunSchema, head)
    const fresh = newRun(graph, { id, contextId: kept.contextId, now: Number(kept.createdAt) })
    const run = create(TaskRunSchema, { ...kept, graph, steps: fresh.steps })
    for (const [key, bytes] of this.#store.entries(STEPS, { prefix: `${id}/` }))
      run.steps[Number(key.slice(id.length + 1))] = fromBinary(StepRunSchema, bytes, DEEP)
    return run
  }

  remove(id: string): void {
    const keys = [...this.#store.entries(STEPS, { prefix: `${id}/` })].map(([key]) => key)
    for (const key of keys) this.#store.delete(STEPS, key)
    this.#store.delete(GRAPHS, id)
    this.#store.delete(RUNS, id)
  }
}

function headOf(run: TaskRun): TaskRun {
  return create(TaskRunSchema, { ...run, graph: create(TaskGraphSchema, { name: run.graph?.name, planner: run.graph?.planner }), steps: [] })
}

function stepKey(id: string, place: number): string {
  return `${id}/${String(place).padStart(DIGITS, '0')}`
}
