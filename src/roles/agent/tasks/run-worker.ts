import { quote } from '../../../core/ids/domain.ts'
import type { TaskEffect } from '../../../core/task/task-effect.ts'
import type { TaskEvent } from '../../../core/task/task-event.ts'
import { TaskMachine } from '../../../core/task/task-machine.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { Store } from '../../../ports/store.ts'
import { errorDetail, HansaError, toHansaError } from '../../../schema/errors.ts'
import type { TaskRun } from '../../../schema/generated/hansa/v1/task_pb.ts'
import { pause } from '../pause.ts'
import type { FileShelf } from './file-shelf.ts'
import { type HandsDeps, RunHands } from './run-hands.ts'
import type { RunTable } from './run-table.ts'
import { RunWatch } from './run-watch.ts'

/** Turns of the microtask queue in which an agent is chosen of those that are known; twice as many as it takes. */
const TICKS = 24
/** Events that come of effects go into the same commit, but not without end. */
const LOOKS = 3

/** A full disk is not emptied within less. */
const STORE_REST_MS = 2_000

const STOPPING = new HansaError('CANCELED', 'this node is stopping')

export interface WorkerDeps extends HandsDeps {
  readonly clock: Clock
  readonly store: Store
  readonly table: RunTable
  readonly files: FileShelf
  readonly log: Log
  /** Told how many events have been carried out, once they are on disk. */
  readonly events: (count: number) => void
  /** Told once, after the end of the run is on disk. */
  readonly ended: (run: TaskRun) => void
}

interface Queued {
  readonly event: TaskEvent
  readonly files?: ReadonlyMap<string, Uint8Array> | undefined
  readonly done?: { resolve(): void; reject(error: unknown): void } | undefined
}

/**
 * One run that goes on: its events one after the other, each on disk before anything is done about it. What comes while a commit is on its way goes into the next
 * one; commits of all runs of one moment are one.
 */
export class RunWorker {
  readonly watch: RunWatch
  readonly #deps: WorkerDeps
  /** The graph is not on disk yet. */
  #isNew: boolean
  readonly #machine: TaskMachine
  readonly #hands: RunHands
  readonly #closing = new AbortController()
  #queue: Queued[] = []
  /** The run has ended: a worker does not begin again. */
  #over = false
  #draining: Promise<void> | undefined

  constructor(deps: WorkerDeps, run: TaskRun, isNew: boolean) {
    this.#deps = deps
    this.#isNew = isNew
    this.#machine = new TaskMachine(run)
    this.#hands = new RunHands(deps, run, (event, files) => this.#enqueue({ event, files }))
    this.watch = new RunWatch(deps.clock, run.steps.length)
  }

  /** As it is in this moment; it goes on changing. */
  get run(): TaskRun {
    return this.#machine.run
  }

  /** Resolves when the event and all before it are on disk. Throws what the machine throws; nothing has changed then. */
  tell(event: TaskEvent): Promise<void> {
    return new Promise((resolve, reject) => this.#enqueue({ event, done: { resolve, reject } }))
  }

  /** Stops without a word to the agents. What was not on disk by then comes again after a restart. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#hands.close()
    await this.#draining
    for (const { done } of this.#queue) done?.reject(STOPPING)
    this.#queue = []
    this.watch.end()
  }

  #enqueue(queued: Queued): void {
    if (this.#closing.signal.aborted) return queued.done?.reject(STOPPING)
    if (this.#over) return this.#late(queued)
    this.#queue.push(queued)
    // In a turn of its own: what is pushed while effects are performed comes after them.
    this.#draining ??= this.#drain()
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    while (this.#queue.length > 0 && !this.#over && !this.#closing.signal.aborted) {
      try {
        await this.#turn()
      } catch (thrown) {
        this.#deps.log.error({ err: thrown, run: this.run.id }, 'a task stumbled')
      }
    }
    this.#draining = undefined
    if (this.#over) for (const queued of this.#queue.splice(0)) this.#late(queued)
  }

  /** What came after the end. */
  #late({ event, done }: Queued): void {
    if (event.kind === 'cancel') done?.resolve()
    else done?.reject(new HansaError('INVALID_ARGUMENT', `task ${quote(this.run.id)} has ended`))
  }

  async #turn(): Promise<void> {
    const { clock } = this.#deps
    const effects: TaskEffect[] = []
    const files = new Map<string, Uint8Array>()
    const told: Queued[] = []
    for (let look = 0; look < LOOKS; look++) {
      const batch = this.#queue
      this.#queue = []
      const now: TaskEffect[] = []
      for (const [index, queued] of batch.entries()) {
        try {
          now.push(...this.#machine.apply(this.#withFiles(queued, files), clock.now()))
          told.push(queued)
          if (now.at(-1)?.kind !== 'ended') continue
          // A resume would begin anew what is wound up after this turn.
          this.#queue.unshift(...batch.slice(index + 1))
          break
        } catch (thrown) {
          if (queued.done !== undefined) queued.done.reject(thrown)
          else this.#deps.log.error({ err: thrown, run: this.run.id, event: queued.event.kind }, 'an event of a task was refused')
        }
      }
      // To look for an agent does nothing that must be on disk first, and where one is known already, the choice goes into the same commit.
      const assigns = now.filter(({ kind }) => kind === 'assign')
      effects.push(...now.filter(({ kind }) => kind !== 'assign'))
      if (assigns.length === 0 || now.at(-1)?.kind === 'ended') break
      this.#hands.perform(assigns)
      for (let tick = 0; tick < TICKS && this.#queue.length < assigns.length; tick++) await Promise.resolve()
      if (this.#queue.length === 0) break
    }
    if (!(await this.#persist(files))) {
      for (const { done } of told) done?.reject(STOPPING)
      return
    }
    this.#deps.events(told.length)
    this.#hands.perform(effects)
    const sent = new Set(effects.flatMap((effect) => (effect.kind === 'send' ? [effect.step] : [])))
    for (const { event, done } of told) {
      if (event.kind === 'assigned' && !sent.has(event.step)) this.#hands.unused(event.step)
      done?.resolve()
    }
    this.#over = effects.at(-1)?.kind === 'ended'
    if (this.#over) this.#deps.ended(this.run)
    if (this.#over) this.watch.end()
    else this.watch.changed()
  }

  /** The event, with its files on their shelf; without room for them, the step has failed. */
  #withFiles({ event, files }: Queued, kept: Map<string, Uint8Array>): TaskEvent {
    if (files === undefined || files.size === 0 || event.kind !== 'completed') return event
    try {
      this.#deps.files.keep(this.run.id, files)
      for (const [hash, bytes] of files) kept.set(hash, bytes)
      return event
    } catch (thrown) {
      return { kind: 'failed', step: event.step, attempt: event.attempt, fate: 'failed', error: errorDetail(toHansaError(thrown)) }
    }
  }

  /** Writes until it is on disk; false when this node stops before that. */
  async #persist(files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
    const { store, table, clock, log, merits, files: shelf } = this.#deps
    const changes = this.#machine.takeChanges()
    if (!changes.run && changes.steps.length === 0 && files.size === 0) return true
    for (let again = false; ; again = true) {
      try {
        // A commit that fails keeps nothing of what was written since the last one.
        if (again) shelf.repeat(this.run.id, files)
        if (this.#isNew && this.run.graph !== undefined) table.putGraph(this.run.id, this.run.graph)
        table.put(this.run, changes)
        merits.write()
        await store.commit()
        this.#isNew = false
        return !this.#closing.signal.aborted
      } catch (thrown) {
        log.error({ err: thrown, run: this.run.id }, 'a task cannot be written; it waits')
        await pause(clock, STORE_REST_MS, this.#closing.signal)
        if (this.#closing.signal.aborted) return false
      }
    }
  }
}
