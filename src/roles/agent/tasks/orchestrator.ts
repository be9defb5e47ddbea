import { create, equals, type MessageInitShape } from '@bufbuild/protobuf'
import { quote } from '../../../core/ids/domain.ts'
import { newRun } from '../../../core/task/new-run.ts'
import { isEnded, stateName } from '../../../core/task/work-state.ts'
import type { Counter } from '../../../ports/metrics.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type TaskGraph, TaskGraphSchema, type TaskRun, type WorkState } from '../../../schema/generated/hansa/v1/task_pb.ts'
import { MessageSchema, Role } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { AgentFinder } from './agent-finder.ts'
import { EndedRuns } from './ended-runs.ts'
import { FileShelf } from './file-shelf.ts'
import { MeritBook } from './merit-book.ts'
import { ORCHESTRATOR_BOUNDS, type OrchestratorBounds, type OrchestratorDeps } from './orchestrator-deps.ts'
import { type RunSummary, summaryOf } from './run-summary.ts'
import { RunTable } from './run-table.ts'
import { RunWorker, type WorkerDeps } from './run-worker.ts'
import { Slots } from './slots.ts'

/** Between two looks for runs that are too old to be kept. */
const SWEEP_MS = 3_600_000

/** `${run}.${step}.${attempt}` is the ID of a message, and the run part of a key. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Performs graphs of steps (draft 2.4). Whatever it has acknowledged is on disk; what was on its way when the process died is taken up again. */
export interface Orchestrator {
  /** Takes up all runs that have not ended. */
  start(): Promise<void>
  /** Follows nothing any longer; agents go on with what they have. */
  stop(): Promise<void>
  /**
   * Begins a run; on disk when it resolves. The same `id` again gives the run that there is. Throws INVALID_ARGUMENT for a graph that cannot be run, and for another
   * graph under a name that there is; OVERLOADED above the bounds.
   */
  run(graph: TaskGraph, options?: { readonly id?: string }): Promise<TaskRun>
  /** Newest first. */
  list(filter?: { readonly state?: WorkState }): RunSummary[]
  /** A copy. Throws NOT_FOUND. */
  show(id: string): TaskRun
  /** Copies: at once, then after changes, until the run has ended. Throws NOT_FOUND, and the signal's reason. */
  watch(id: string, signal: AbortSignal): AsyncIterable<TaskRun>
  /** Tells every running step's agent to stop; resolves when it is on disk that this is to be. A run that has ended stays as it is. Throws NOT_FOUND. */
  cancel(id: string): Promise<TaskRun>
  /** Lets a run that failed go on with what failed; one that goes on tries again at once. Throws NOT_FOUND, INVALID_ARGUMENT, OUTCOME_UNKNOWN. */
  resume(id: string): Promise<TaskRun>
  /** Answers what the agent of a step asks; on disk when it resolves. Throws NOT_FOUND, INVALID_ARGUMENT when it asks nothing. */
  answer(id: string, step: string, message: MessageInitShape<typeof MessageSchema>): Promise<TaskRun>
  /** Bytes of a file that an agent has put out, by its SHA-256 in hex. Throws NOT_FOUND. */
  file(sha256: string): Uint8Array
}

export function createOrchestrator(deps: OrchestratorDeps): Orchestrator {
  return new TaskOrchestrator(deps)
}

interface Work extends WorkerDeps {
  readonly past: EndedRuns
}

class TaskOrchestrator implements Orchestrator {
  readonly #deps: OrchestratorDeps
  readonly #bounds: OrchestratorBounds
  readonly #table: RunTable
  readonly #active = new Map<string, RunWorker>()
  /** Runs whose first event is not on disk yet. */
  readonly #beginning = new Map<string, Promise<void>>()
  readonly #counted: Readonly<Record<'events' | 'ended' | 'attempts', Counter>>
  #work: Work | undefined
  #steps = 0
  #stopSweeping: (() => void) | undefined

  constructor(deps: OrchestratorDeps) {
    this.#deps = deps
    this.#bounds = { ...ORCHESTRATOR_BOUNDS, ...deps.bounds }
    this.#table = new RunTable(deps.store)
    this.#counted = {
      events: deps.metrics.counter('hansa_task_events_total', 'Events of tasks, each written before it was acted on'),
      ended: deps.metrics.counter('hansa_tasks_ended_total', 'Tasks that have ended, by how', ['state']),
      attempts: deps.metrics.counter('hansa_task_attempts_total', 'Attempts at steps of tasks that are over, by how', ['outcome'])
    }
    deps.metrics.gauge('hansa_tasks_active', 'Tasks that go on (draft 2.4)', () => this.#active.size)
  }

  async start(): Promise<void> {
    const { swarm, store, clock, log, sha256, random, ownDomain } = this.#deps
    const files = new FileShelf(store)
    const slots = new Slots(this.#bounds.calls)
    const table = this.#table
    const past = new EndedRuns({ store, clock, table, files }, this.#bounds)
    this.#work = {
      ...{ swarm, store, clock, log, sha256, random, ownDomain, slots, table, files, past },
      finder: new AgentFinder(swarm, clock),
      merits: new MeritBook(store),
      events: (count) => this.#counted.events.inc({}, count),
      over: (outcome) => this.#counted.attempts.inc({ outcome }),
      ended: (run) => {
        this.#counted.ended.inc({ state: stateName(run.state) })
        this.#end(run)
      }
    }
    const heads = [...table.heads()]
    past.open(heads.filter(({ state }) => isEnded(state)))
    const open = heads.filter(({ state }) => !isEnded(state))
    await Promise.all(open.map(({ id }) => this.#recover(id)))
    this.#stopSweeping = clock.every(SWEEP_MS, () => this.#sweep(past))
    if (open.length > 0) log.info({ tasks: open.length }, 'tasks are taken up again')
  }

  async stop(): Promise<void> {
    this.#stopSweeping?.()
    this.#work = undefined
    const workers = [...this.#active.values()]
    this.#active.clear()
    this.#steps = 0
    await Promise.all(workers.map((worker) => worker.close()))
  }

  async run(graph: TaskGraph, { id = this.#deps.newId() }: { readonly id?: string } = {}): Promise<TaskRun> {
    if (!RUN_ID.test(id)) throw new HansaError('INVALID_ARGUMENT', `${quote(id)} is no name for a task: 1 to 63 of A-Z a-z 0-9 . _ -`, { argument: 'id' })
    const work = this.#running()
    const before = this.#active.get(id)?.run.graph ?? (work.past.has(id) ? this.#table.graph(id) : undefined)
    if (before !== undefined) {
      if (!equals(TaskGraphSchema, asAsked(before), asAsked(graph)))
        throw new HansaError('INVALID_ARGUMENT', `there is another task ${quote(id)} already`, { argument: 'id' })
      await this.#beginning.get(id)
      return this.show(id)
    }
    const run = newRun(graph, { id, contextId: this.#deps.newId(), now: this.#deps.clock.now() })
    if (this.#active.size >= this.#bounds.active || this.#steps + run.steps.length > this.#bounds.activeSteps)
      throw new HansaError('OVERLOADED', `${this.#active.size} tasks with ${this.#steps} steps are going on`, { bound: this.#bounds.active })
    const worker = this.#add(work, run, true)
    const begun = worker.tell({ kind: 'start' })
    this.#beginning.set(id, begun)
    try {
      await begun
    } finally {
      this.#beginning.delete(id)
    }
    return snapshot(worker.run)
  }

  list({ state }: { readonly state?: WorkState } = {}): RunSummary[] {
    const { past } = this.#running()
    const all = [...[...past.all()].filter(({ id }) => !this.#active.has(id)), ...[...this.#active.values()].map(({ run }) => summaryOf(run))]
    return all.filter((run) => state === undefined || run.state === state).sort((a, b) => b.createdAt - a.createdAt)
  }

  show(id: string): TaskRun {
    const worker = this.#active.get(id)
    if (worker !== undefined) return snapshot(worker.run)
    const run = this.#running().past.has(id) ? this.#table.load(id) : undefined
    if (run === undefined) throw unknown(id)
    return run
  }

  async *watch(id: string, signal: AbortSignal): AsyncGenerator<TaskRun, void, undefined> {
    const worker = this.#active.get(id)
    if (worker === undefined) yield this.show(id)
    else yield* worker.watch.snapshots(() => snapshot(worker.run), signal)
  }

  async cancel(id: string): Promise<TaskRun> {
    await this.#active.get(id)?.tell({ kind: 'cancel' })
    return this.show(id)
  }

  async resume(id: string): Promise<TaskRun> {
    const active = this.#active.get(id)
    if (active !== undefined) {
      try {
        await active.tell({ kind: 'resume' })
        return this.show(id)
      } catch (refused) {
        if (this.#active.get(id) === active) throw refused
        // It ended before the word was heard.
        return this.resume(id)
      }
    }
    const work = this.#running()
    const run = this.show(id)
    const worker = this.#add(work, run, false)
    // At once: whatever ends meanwhile may need its place.
    work.past.take(id)
    try {
      await worker.tell({ kind: 'resume' })
    } catch (refused) {
      this.#remove(id)
      work.past.add(run)
      throw refused
    }
    return this.show(id)
  }

  async answer(id: string, step: string, message: MessageInitShape<typeof MessageSchema>): Promise<TaskRun> {
    const worker = this.#active.get(id)
    if (worker === undefined) throw this.#running().past.has(id) ? new HansaError('INVALID_ARGUMENT', `task ${quote(id)} has ended`) : unknown(id)
    const whole = create(MessageSchema, { ...message, messageId: this.#deps.newId(), role: Role.USER })
    if (whole.parts.length === 0) throw new HansaError('INVALID_ARGUMENT', 'an answer without anything in it')
    await worker.tell({ kind: 'answer', step, message: whole })
    return this.show(id)
  }

  file(sha256: string): Uint8Array {
    const bytes = this.#running().files.get(sha256)
    if (bytes === undefined) throw new HansaError('NOT_FOUND', `no task has put out a file with the SHA-256 ${quote(sha256)}`)
    return bytes
  }

  #running(): Work {
    if (this.#work === undefined) throw new HansaError('OVERLOADED', 'tasks are not taken now: this node starts or stops')
    return this.#work
  }

  async #recover(id: string): Promise<void> {
    try {
      const run = this.#table.load(id)
      if (run === undefined) throw new HansaError('STORE_FAILED', 'its graph is not there')
      await this.#add(this.#running(), run, false).tell({ kind: 'recover' })
    } catch (thrown) {
      this.#deps.log.error({ err: thrown, run: id }, 'a task cannot be taken up again')
    }
  }

  #add(work: WorkerDeps, run: TaskRun, isNew: boolean): RunWorker {
    const worker = new RunWorker(work, run, isNew)
    this.#active.set(run.id, worker)
    this.#steps += run.steps.length
    return worker
  }

  #remove(id: string): void {
    this.#steps -= this.#active.get(id)?.run.steps.length ?? 0
    this.#active.delete(id)
  }

  #end(run: TaskRun): void {
    if (this.#work === undefined) return
    this.#remove(run.id)
    this.#work.past.add(run)
    this.#commit()
    this.#deps.log.info({ run: run.id, state: stateName(run.state), error: run.error?.code }, 'a task has ended')
  }

  #sweep(past: EndedRuns): void {
    past.sweep()
    this.#commit()
  }

  /** What is lost with it is made again at the next start. */
  #commit(): void {
    this.#deps.store.commit().catch((error: unknown) => this.#deps.log.error({ err: error }, 'the list of ended tasks cannot be written'))
  }
}

/** Without what a planner tells of the day: who was there. */
function asAsked(graph: TaskGraph): TaskGraph {
  return { ...graph, explanation: [] }
}

/** A copy of all that changes in place; graphs, outputs and questions are replaced as a whole. */
function snapshot(run: TaskRun): TaskRun {
  return { ...run, steps: run.steps.map((step) => ({ ...step, attempts: step.attempts.map((attempt) => ({ ...attempt })) })) }
}

function unknown(id: string): HansaError {
  return new HansaError('NOT_FOUND', `there is no task ${quote(id)}`, { task: id.slice(0, 80) })
}
