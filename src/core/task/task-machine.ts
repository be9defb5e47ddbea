import { type StepRun, type TaskRun, type TaskStep, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { errorOf, HansaError } from '../../schema/errors.ts'
import { quote } from '../ids/domain.ts'
import type { Known } from './reference.ts'
import { detail, unknownAttempt } from './retry-rules.ts'
import { DEADLINE, RunClock } from './run-clock.ts'
import { runError } from './run-error.ts'
import { RunLedger } from './run-ledger.ts'
import { StepAttempts } from './step-attempts.ts'
import { StepScheduler } from './step-scheduler.ts'
import type { TaskEffect } from './task-effect.ts'
import type { TaskEvent } from './task-event.ts'
import { isEnded } from './work-state.ts'

/** Steps in flight of a graph that says nothing. */
const USUAL_PARALLEL = 16

/**
 * A run as it goes on (draft 2.4): what happens comes in as events, what is to be done goes out as effects, to be carried out after what `takeChanges` names has
 * been committed. Everything else can be made again from the run that was kept, with `recover` as the first event. Each event costs O(degree of its step);
 * `start`, `recover`, `resume`, `cancel` and the deadline cost O(steps).
 *
 * A step runs when every step that it needs has ended as wanted, its inputs are there and its conditions hold. As soon as one of that can no longer be, it is
 * SKIPPED, and so is what needs it. A FAILED step makes the run FAILED, unless it may fail (`allow_failure`) or its failure is handled: a step that needs it
 * FAILED or ENDED has COMPLETED. SKIPPED steps never make a run fail. Other branches go on to their ends after a failure.
 *
 * An attempt whose outcome is unknown is never followed by one that could do the work twice: a repeatable step goes to another agent; at an agent that honours
 * the idempotency key the same message is sent again, to the same agent; else the step FAILED with OUTCOME_UNKNOWN.
 *
 * No more than `parallel` steps are assigned, running or being stopped at a time; a step that waits for input has no place. An answer goes on at once, even
 * when that makes one too many: then nothing new starts until there is room.
 */
export class TaskMachine {
  readonly #ledger: RunLedger
  readonly #clock: RunClock
  readonly #scheduler: StepScheduler
  readonly #attempts: StepAttempts

  /** `run` is changed by events. Throws INVALID_ARGUMENT when it is none. */
  constructor(run: TaskRun) {
    this.#ledger = new RunLedger(run)
    this.#clock = new RunClock(run)
    this.#scheduler = new StepScheduler(this.#ledger, this.#clock)
    this.#attempts = new StepAttempts(this.#ledger, this.#clock, this.#scheduler)
  }

  get run(): TaskRun {
    return this.#ledger.run
  }

  /** What references of the run lead to, as it stands. */
  get known(): Known {
    return this.#ledger.known
  }

  /** What is to be done in a step, and what has become of it. Throws NOT_FOUND. */
  step(id: string): { readonly definition: TaskStep; readonly step: StepRun } {
    const place = this.#ledger.place(id)
    return { definition: this.#ledger.definition(place), step: this.#ledger.step(place) }
  }

  /** What has changed since the last call: the run (all but its steps), and steps by their places in the graph. */
  takeChanges(): { readonly run: boolean; readonly steps: number[] } {
    return this.#ledger.takeChanges()
  }

  /**
   * What is to be done now. Throws NOT_FOUND for a step that the run does not have, and what `answer` and `resume` say; then nothing has changed. Events of
   * attempts that are over, and of runs that have ended, change nothing.
   */
  apply(event: TaskEvent, now: number): TaskEffect[] {
    this.#clock.now = now
    const ended = isEnded(this.run.state)
    this.#dispatch(event)
    if (isEnded(this.run.state) && ended) return event.kind === 'recover' ? [{ kind: 'ended' }] : []
    this.#pump()
    this.#settle()
    return this.#ledger.takeEffects()
  }

  #dispatch(event: TaskEvent): void {
    switch (event.kind) {
      case 'start':
        if (this.run.state === WorkState.PENDING) this.#start()
        return
      case 'recover':
        return this.#recover()
      case 'resume':
        return this.#resume()
      case 'cancel':
        return this.#cancel()
      case 'tick':
        return this.#tick()
      case 'answer':
        return this.#attempts.answer(event)
      case 'assigned':
        return this.#attempts.assigned(event)
      case 'unassigned':
        return this.#attempts.unassigned(event)
      default:
        return this.#attempts.heard(event)
    }
  }

  #start(): void {
    this.run.state = WorkState.IN_PROGRESS
    this.#ledger.touchRun()
    // Nobody waits any more for what a run announced that has ended.
    this.#clock.forgetAnnounced()
    this.#clock.armDeadline()
    this.#scheduler.scan()
  }

  #recover(): void {
    if (isEnded(this.run.state)) return
    if (this.run.state === WorkState.PENDING) return this.#start()
    this.#clock.forgetAnnounced()
    this.#clock.armDeadline()
    this.#ledger.each((place) => {
      const phase = this.#ledger.phase(place)
      if (phase === 'running' || phase === 'asking' || phase === 'stopping') this.#attempts.takeUp(place)
      else if (phase === 'assigning') this.#scheduler.enqueue(place)
    })
    this.#scheduler.scan()
  }

  #resume(): void {
    const { run } = this
    if (!isEnded(run.state)) return this.#ledger.each((place) => this.#ledger.phase(place) === 'paused' && this.#hurry(place))
    if (run.state !== WorkState.FAILED) throw new HansaError('INVALID_ARGUMENT', `task ${quote(run.id)} has not failed: there is nothing to resume`)
    const failed = run.steps.filter(({ state }) => state === WorkState.FAILED)
    const again = new Set(failed.filter((step) => this.#mayGoOn(this.#ledger.place(step.step))))
    if (again.size === 0) throw errorOf(failed[0]?.error ?? detail('INVALID_ARGUMENT', 'no step has failed'))
    this.#ledger.each((place) => {
      const step = this.#ledger.step(place)
      if (step.state !== WorkState.SKIPPED && !again.has(step)) return
      step.triesBefore = step.attempts.at(-1)?.number ?? 0
      step.error = undefined
      step.notBefore = step.endedAt = 0n
      this.#ledger.move(place, 'blocked', WorkState.PENDING)
    })
    run.error = undefined
    run.endedAt = 0n
    run.spent = 0
    run.resumedAt = BigInt(this.#clock.now)
    this.#scheduler.count()
    this.#start()
  }

  /** Ends a pause. */
  #hurry(place: number): void {
    this.#ledger.step(place).notBefore = 0n
    this.#ledger.touch(place)
    this.#scheduler.enqueue(place)
  }

  #mayGoOn(place: number): boolean {
    const step = this.#ledger.step(place)
    if (step.error?.code !== 'OUTCOME_UNKNOWN' || this.#ledger.definition(place).repeatable) return true
    return unknownAttempt(step)?.idempotent === true
  }

  #cancel(): void {
    if (isEnded(this.run.state) || this.run.cancelRequested) return
    this.run.cancelRequested = true
    this.#ledger.touchRun()
    this.#ledger.each((place) => {
      const phase = this.#ledger.phase(place)
      if (phase === 'running' || phase === 'asking') this.#attempts.stop(place)
      else if (phase !== 'ended' && phase !== 'stopping') this.#scheduler.giveUp(place, WorkState.CANCELED)
    })
  }

  #tick(): void {
    if (isEnded(this.run.state)) return
    this.#clock.forgetAnnounced()
    for (let place = this.#clock.ring(); place !== undefined; place = this.#clock.ring()) {
      if (place === DEADLINE) this.#expire()
      else this.#rang(place)
    }
  }

  #rang(place: number): void {
    if (this.#ledger.phase(place) === 'paused') this.#scheduler.enqueue(place)
    else this.#attempts.timeUp(place)
  }

  /** The deadline of the run: what is open is stopped, what would have to start fails, and so does what would start later. */
  #expire(): void {
    this.#ledger.each((place) => {
      const phase = this.#ledger.phase(place)
      if (phase === 'running' || phase === 'asking') this.#attempts.stop(place)
      else if (phase === 'queued' || phase === 'paused' || phase === 'assigning') this.#scheduler.giveUp(place, WorkState.FAILED, this.#clock.late())
    })
  }

  /** Starts what there is room for. */
  #pump(): void {
    const parallel = this.run.graph?.parallel ?? 0
    while (this.#inFlight() < (parallel === 0 ? USUAL_PARALLEL : parallel)) {
      const place = this.#scheduler.next()
      if (place === undefined) return
      this.#attempts.seek(place)
    }
  }

  #inFlight(): number {
    return this.#ledger.count('assigning') + this.#ledger.count('running') + this.#ledger.count('stopping')
  }

  /** The state of the whole, and when to look again. */
  #settle(): void {
    const { run } = this
    if (run.state === WorkState.PENDING && !run.cancelRequested) return
    if (this.#ledger.count('ended') === run.steps.length) return this.#end()
    const waiting = this.#ledger.count('asking') > 0 && this.#inFlight() + this.#ledger.count('queued') + this.#ledger.count('paused') === 0
    const state = waiting ? WorkState.INPUT_REQUIRED : WorkState.IN_PROGRESS
    if (run.state !== state) {
      run.state = state
      this.#ledger.touchRun()
    }
    const next = this.#clock.announce()
    if (next !== undefined) this.#ledger.emit({ kind: 'wake', at: next })
  }

  #end(): void {
    const { run } = this
    run.error = run.cancelRequested ? undefined : runError(run, this.#ledger.index)
    run.state = run.cancelRequested ? WorkState.CANCELED : run.error === undefined ? WorkState.COMPLETED : WorkState.FAILED
    run.endedAt = BigInt(this.#clock.now)
    this.#ledger.touchRun()
    this.#ledger.emit({ kind: 'ended' })
  }
}
