import { create } from '@bufbuild/protobuf'
import type { ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import {
  type StepAttempt,
  StepAttemptSchema,
  type StepOutput,
  type StepRun,
  type TaskRun,
  type TaskStep,
  WorkState
} from '../../schema/generated/hansa/v1/task_pb.ts'
import { errorOf, HansaError } from '../../schema/errors.ts'
import { quote } from '../ids/domain.ts'
import { AlarmClock } from './alarm-clock.ts'
import { satisfies } from './graph-index.ts'
import { agentsTried, detail, isRepeat, outcomeUnknown, pauseAfter, refusalOf, timeoutOf, triesLeft, unknownAttempt, withFate } from './retry-rules.ts'
import type { Known } from './reference.ts'
import { RunLedger } from './run-ledger.ts'
import { runError } from './run-error.ts'
import { whyNot } from './step-gate.ts'
import type { TaskEffect } from './task-effect.ts'
import type { AttemptFate, TaskEvent } from './task-event.ts'
import { isEnded, stateName } from './work-state.ts'

/** Steps in flight of a graph that says nothing. */
const USUAL_PARALLEL = 16

/** How long an agent may take to stop; then nobody knows. */
const STOP_MS = 60_000

/** What a run keeps of a step's attempts. */
const KEPT_ATTEMPTS = 20

/** What a step keeps of its last word, in UTF-16 units. */
const KEPT_PROGRESS = 2_000

/** The alarm for the deadline of the run; those of steps have their places. */
const DEADLINE = -1

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
  readonly #alarms = new AlarmClock()
  /** For each step, how many of its needs have not ended. */
  readonly #open: number[] = []
  #queue: number[] = []
  /** Where the queue begins. */
  #head = 0
  #announced: number | undefined
  #now = 0
  #effects: TaskEffect[] = []

  /** `run` is changed by events. Throws INVALID_ARGUMENT when it is none. */
  constructor(run: TaskRun) {
    this.#ledger = new RunLedger(run)
    this.#count()
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
    this.#now = now
    this.#effects = []
    const ended = isEnded(this.run.state)
    this.#dispatch(event)
    if (isEnded(this.run.state) && ended) return event.kind === 'recover' ? [{ kind: 'ended' }] : []
    this.#pump()
    this.#settle()
    return this.#effects
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
        return this.#answer(event)
      case 'assigned':
        return this.#assigned(event)
      case 'unassigned':
        return this.#unassigned(event)
      default:
        return this.#attempt(event)
    }
  }

  #attempt(event: Extract<TaskEvent, { attempt: number }>): void {
    const place = this.#ledger.place(event.step)
    const step = this.#ledger.step(place)
    const attempt = step.attempts.at(-1)
    const phase = this.#ledger.phase(place)
    if (attempt?.number !== event.attempt || (phase !== 'running' && phase !== 'asking' && phase !== 'stopping')) return
    switch (event.kind) {
      case 'accepted':
        attempt.taskId = event.taskId
        return this.#ledger.touch(place)
      case 'progress':
        step.progress = event.text.slice(0, KEPT_PROGRESS)
        return this.#ledger.touch(place)
      case 'asked':
        return this.#asked(place, event)
      case 'answered':
        if (step.answer === undefined) return
        step.answer = step.question = undefined
        return this.#ledger.touch(place)
      case 'completed':
        return this.#completed(place, attempt, event.output)
      case 'failed':
        if (event.output !== undefined) step.output = event.output
        return this.#failed(place, attempt, event.fate, event.error)
      case 'canceled':
        return this.#canceled(place, attempt, event.error)
    }
  }

  // ---- the whole run

  #start(): void {
    this.run.state = WorkState.IN_PROGRESS
    this.#ledger.touchRun()
    this.#armDeadline()
    this.#scan()
  }

  #recover(): void {
    if (isEnded(this.run.state)) return
    if (this.run.state === WorkState.PENDING) return this.#start()
    this.#announced = undefined
    this.#armDeadline()
    this.#each((place) => {
      const phase = this.#ledger.phase(place)
      if (phase === 'running' || phase === 'asking' || phase === 'stopping') this.#takeUp(place)
      else if (phase === 'assigning') this.#enqueue(place)
    })
    this.#scan()
  }

  /**
   * An attempt that was open. Its message is sent, or what became of it is looked up; so it is where the agent had asked, so that its task is followed again. The
   * clock of the attempt starts anew: that nobody listened for a while says nothing of the agent.
   */
  #takeUp(place: number): void {
    if (this.run.cancelRequested) return this.#stop(place)
    const step = this.#ledger.step(place)
    const number = step.attempts.at(-1)?.number ?? 0
    const asking = step.state === WorkState.INPUT_REQUIRED
    this.#ledger.move(place, asking ? 'asking' : 'running', step.state)
    this.#emit({ kind: 'send', step: step.step, attempt: number, resumed: true })
    if (asking) return
    this.#alarms.set(place, this.#now + timeoutOf(this.#ledger.definition(place)))
    if (step.answer !== undefined) this.#emit({ kind: 'reply', step: step.step, attempt: number })
  }

  #resume(): void {
    const { run } = this
    if (!isEnded(run.state)) return this.#each((place) => this.#ledger.phase(place) === 'paused' && this.#hurry(place))
    if (run.state !== WorkState.FAILED) throw new HansaError('INVALID_ARGUMENT', `task ${quote(run.id)} has not failed: there is nothing to resume`)
    const failed = run.steps.filter(({ state }) => state === WorkState.FAILED)
    const again = new Set(failed.filter((step) => this.#mayGoOn(this.#ledger.place(step.step))))
    if (again.size === 0) throw errorOf(failed[0]?.error ?? detail('INVALID_ARGUMENT', 'no step has failed'))
    this.#each((place) => {
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
    run.resumedAt = BigInt(this.#now)
    this.#count()
    this.#start()
  }

  /** Ends a pause. */
  #hurry(place: number): void {
    this.#ledger.step(place).notBefore = 0n
    this.#ledger.touch(place)
    this.#enqueue(place)
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
    this.#each((place) => {
      const phase = this.#ledger.phase(place)
      if (phase === 'running' || phase === 'asking') this.#stop(place)
      else if (phase !== 'ended' && phase !== 'stopping') this.#giveUp(place, WorkState.CANCELED)
    })
  }

  #tick(): void {
    if (isEnded(this.run.state)) return
    this.#announced = undefined
    for (let place = this.#alarms.ring(this.#now); place !== undefined; place = this.#alarms.ring(this.#now)) {
      if (place === DEADLINE) this.#expire()
      else this.#rang(place)
    }
  }

  #rang(place: number): void {
    const phase = this.#ledger.phase(place)
    if (phase === 'paused') return this.#enqueue(place)
    if (phase === 'running') return this.#stop(place)
    const attempt = this.#ledger.step(place).attempts.at(-1)
    if (phase === 'stopping' && attempt !== undefined)
      this.#canceled(place, attempt, detail('DEADLINE_EXCEEDED', `${attempt.agent} did not say within ${STOP_MS} ms that it has stopped`))
  }

  /** The deadline of the run: what is open is stopped, what would have to start fails, and so does what would start later. */
  #expire(): void {
    this.#each((place) => {
      const phase = this.#ledger.phase(place)
      if (phase === 'running' || phase === 'asking') this.#stop(place)
      else if (phase === 'queued' || phase === 'paused' || phase === 'assigning') this.#giveUp(place, WorkState.FAILED, this.#late())
    })
  }

  #late(): ErrorDetail {
    return detail('DEADLINE_EXCEEDED', `the deadline of the task (${this.run.graph?.deadlineMs ?? 0} ms) has passed`)
  }

  /** When the run must have ended, or undefined. */
  get #deadline(): number | undefined {
    const ms = Number(this.run.graph?.deadlineMs ?? 0)
    if (ms === 0) return undefined
    return Number(this.run.resumedAt === 0n ? this.run.createdAt : this.run.resumedAt) + ms
  }

  #armDeadline(): void {
    const deadline = this.#deadline
    if (deadline !== undefined) this.#alarms.set(DEADLINE, deadline)
  }

  // ---- one attempt

  #assigned(event: Extract<TaskEvent, { kind: 'assigned' }>): void {
    const place = this.#ledger.place(event.step)
    if (this.#ledger.phase(place) !== 'assigning') return
    const refusal = refusalOf(this.#ledger.step(place), event.agent)
    // There is no other agent, and this one has said that asking again is of no use.
    if (refusal !== undefined) return this.#finish(place, WorkState.FAILED, refusal)
    const short = this.#budgetSpent()
    if (short !== undefined) return this.#giveUp(place, WorkState.FAILED, short)
    this.#begin(place, { agent: event.agent, idempotent: event.idempotent, messageId: event.messageId }, false)
  }

  #begin(place: number, attempt: Pick<StepAttempt, 'agent' | 'idempotent' | 'messageId'> & { taskId?: string }, resumed: boolean): void {
    const step = this.#ledger.step(place)
    const { number } = this.#record(place, attempt)
    this.run.spent++
    this.#ledger.touchRun()
    if (step.startedAt === 0n) step.startedAt = BigInt(this.#now)
    step.notBefore = 0n
    step.progress = ''
    this.#ledger.move(place, 'running', WorkState.IN_PROGRESS)
    this.#alarms.set(place, this.#now + timeoutOf(this.#ledger.definition(place)))
    this.#emit({ kind: 'send', step: step.step, attempt: number, resumed })
  }

  #record(place: number, fields: Partial<Omit<StepAttempt, '$typeName' | '$unknown'>>): StepAttempt {
    const step = this.#ledger.step(place)
    const number = (step.attempts.at(-1)?.number ?? 0) + 1
    const attempt = create(StepAttemptSchema, { ...fields, number, startedAt: BigInt(this.#now) })
    step.attempts = [...step.attempts.slice(1 - KEPT_ATTEMPTS), attempt]
    this.#ledger.touch(place)
    return attempt
  }

  /** Kept as an attempt without an agent: it counts as a try, but costs nothing of the budget. */
  #unassigned(event: Extract<TaskEvent, { kind: 'unassigned' }>): void {
    const place = this.#ledger.place(event.step)
    if (this.#ledger.phase(place) !== 'assigning') return
    this.#record(place, { endedAt: BigInt(this.#now), error: event.error })
    this.#again(place, event.error)
  }

  /** While an answer is on its way, the agent may still be heard to ask what it answers; only another question counts. */
  #asked(place: number, { question }: Extract<TaskEvent, { kind: 'asked' }>): void {
    const step = this.#ledger.step(place)
    if (this.#ledger.phase(place) === 'stopping' || (step.answer !== undefined && step.question?.messageId === question.messageId)) return
    step.question = question
    step.answer = undefined
    this.#alarms.clear(place)
    this.#ledger.touch(place)
    this.#ledger.move(place, 'asking', WorkState.INPUT_REQUIRED)
  }

  #answer({ step: id, message }: Extract<TaskEvent, { kind: 'answer' }>): void {
    const place = this.#ledger.place(id)
    const step = this.#ledger.step(place)
    if (this.#ledger.phase(place) !== 'asking') throw new HansaError('INVALID_ARGUMENT', `step ${quote(id)} does not wait for an answer`, { step: id })
    step.answer = message
    this.#ledger.move(place, 'running', WorkState.IN_PROGRESS)
    this.#alarms.set(place, this.#now + timeoutOf(this.#ledger.definition(place)))
    this.#emit({ kind: 'reply', step: id, attempt: step.attempts.at(-1)?.number ?? 0 })
  }

  #completed(place: number, attempt: StepAttempt, output: StepOutput): void {
    const data = output.data ?? {}
    const missing = this.#ledger.definition(place).outputs.filter((name) => !Object.hasOwn(data, name))
    this.#ledger.step(place).output = output
    if (missing.length > 0) {
      const error = detail('INVALID_AGENT_RESPONSE', `the answer of ${attempt.agent} lacks ${missing.join(', ')}`, { missing: missing.join(', ') })
      return this.#failed(place, attempt, 'failed', error)
    }
    this.#close(place, attempt, undefined, true)
    this.#finish(place, WorkState.COMPLETED)
  }

  /** The attempt is over. `merit`: how the agent did, unless that says nothing of it. */
  #close(place: number, attempt: StepAttempt, error: ErrorDetail | undefined, merit: boolean | undefined): void {
    attempt.endedAt = BigInt(this.#now)
    attempt.error = error
    const step = this.#ledger.step(place)
    step.question = step.answer = undefined
    this.#alarms.clear(place)
    this.#ledger.touch(place)
    if (merit !== undefined) this.#emit({ kind: 'merit', agent: attempt.agent, succeeded: merit, ms: Math.max(0, this.#now - Number(attempt.startedAt)) })
  }

  #failed(place: number, attempt: StepAttempt, said: AttemptFate, error: ErrorDetail): void {
    const step = this.#ledger.step(place)
    const fate = said === 'undelivered' && isRepeat(step) ? 'unknown' : said
    this.#close(place, attempt, withFate(error, fate), false)
    if (this.run.cancelRequested && fate === 'undelivered') return this.#finish(place, WorkState.CANCELED)
    const { agent, repeatable } = this.#ledger.definition(place)
    const never = (fate === 'unknown' && !repeatable && !attempt.idempotent) || (fate === 'refused' && agent?.agent !== '')
    if (this.run.cancelRequested || never) this.#giveUp(place, WorkState.FAILED, error)
    else this.#again(place, error)
  }

  #canceled(place: number, attempt: StepAttempt, error: ErrorDetail | undefined): void {
    if (error !== undefined) return this.#failed(place, attempt, 'unknown', error)
    if (this.run.cancelRequested) {
      this.#close(place, attempt, undefined, undefined)
      return this.#finish(place, WorkState.CANCELED)
    }
    const stopped = this.#ledger.phase(place) === 'stopping'
    const late = this.#deadline !== undefined && this.#now >= this.#deadline
    const timeout = detail('DEADLINE_EXCEEDED', `${attempt.agent} took longer than ${timeoutOf(this.#ledger.definition(place))} ms`)
    const own = detail('CANCELED', `${attempt.agent} has given the work up`)
    this.#failed(place, attempt, 'failed', !stopped ? own : late ? this.#late() : timeout)
  }

  #stop(place: number): void {
    const step = this.#ledger.step(place)
    this.#ledger.move(place, 'stopping', step.state)
    this.#alarms.set(place, this.#now + STOP_MS)
    this.#emit({ kind: 'cancel', step: step.step, attempt: step.attempts.at(-1)?.number ?? 0 })
  }

  /** Another try after a pause, if tries, budget and time are left. */
  #again(place: number, error: ErrorDetail): void {
    const [definition, step] = [this.#ledger.definition(place), this.#ledger.step(place)]
    const at = this.#now + pauseAfter(definition, step)
    const deadline = this.#deadline
    if (!triesLeft(definition, step) || this.#budgetSpent() !== undefined || (deadline !== undefined && at >= deadline))
      return this.#giveUp(place, WorkState.FAILED, error)
    step.notBefore = BigInt(at)
    this.#ledger.touch(place)
    this.#pause(place)
  }

  #pause(place: number): void {
    this.#ledger.move(place, 'paused', WorkState.PENDING)
    this.#alarms.set(place, Number(this.#ledger.step(place).notBefore))
  }

  /** Ends a step that has no attempt open. If nobody knows what its newest agent did, that is what is to be said. */
  #giveUp(place: number, state: WorkState, error?: ErrorDetail): void {
    const unknown = unknownAttempt(this.#ledger.step(place))
    if (unknown?.error === undefined) this.#finish(place, state, error)
    else this.#finish(place, WorkState.FAILED, outcomeUnknown(unknown.agent, unknown.error))
  }

  #budgetSpent(): ErrorDetail | undefined {
    const budget = this.run.graph?.budget ?? 0
    if (budget === 0 || this.run.spent < budget) return undefined
    return detail('BUDGET_EXCEEDED', `the task has used up its budget of ${budget} attempts`, { budget: String(budget) })
  }

  // ---- who is next

  #each(visit: (place: number) => unknown): void {
    for (let place = 0; place < this.run.steps.length; place++) visit(place)
  }

  /** Counts for every step what it still waits for. */
  #count(): void {
    this.#each((place) => {
      this.#open[place] = this.#ledger.index.needs[place]?.filter(({ step }) => !isEnded(this.#ledger.step(step).state)).length ?? 0
    })
  }

  /** Looks at every step that waits for others: which may start, which never will. */
  #scan(): void {
    this.#each((place) => {
      if (this.#ledger.phase(place) !== 'blocked') return
      const broken = this.#ledger.index.needs[place]?.find(({ step, on }) => {
        const { state } = this.#ledger.step(step)
        return isEnded(state) && !satisfies(state, on)
      })
      if (broken !== undefined) this.#finish(place, WorkState.SKIPPED, this.#unmet(broken.step))
      else if (this.#open[place] === 0) this.#ready(place)
    })
  }

  #ready(place: number): void {
    const error = this.#whyNot(place)
    if (error !== undefined) this.#finish(place, WorkState.SKIPPED, error)
    else this.#wait(place)
  }

  #whyNot(place: number): ErrorDetail | undefined {
    const reason = whyNot(this.#ledger.definition(place), this.#ledger.known)
    return reason === undefined ? undefined : detail('STEP_SKIPPED', reason, { reason })
  }

  /** Until there is room for the step, and its pause is over. */
  #wait(place: number): void {
    if (Number(this.#ledger.step(place).notBefore) > this.#now) this.#pause(place)
    else this.#enqueue(place)
  }

  #enqueue(place: number): void {
    this.#ledger.move(place, 'queued', WorkState.PENDING)
    this.#alarms.clear(place)
    this.#queue.push(place)
  }

  #unmet(place: number): ErrorDetail {
    const { step, state } = this.#ledger.step(place)
    const reason = `step ${step} ended ${stateName(state)}`
    return detail('STEP_SKIPPED', reason, { reason, step })
  }

  /** Ends a step, and skips whatever can no longer run; without recursion, as a chain may be long. */
  #finish(first: number, state: WorkState, error?: ErrorDetail): void {
    const ending: { place: number; state: WorkState; error: ErrorDetail | undefined }[] = [{ place: first, state, error }]
    for (let next = ending.pop(); next !== undefined; next = ending.pop()) {
      const { place, state, error } = next
      if (this.#ledger.phase(place) === 'ended') continue
      const step = this.#ledger.step(place)
      step.error = error
      step.notBefore = 0n
      step.endedAt = BigInt(this.#now)
      this.#alarms.clear(place)
      this.#ledger.move(place, 'ended', state)
      for (const waiter of this.#ledger.index.waiters[place] ?? []) {
        this.#open[waiter.step] = (this.#open[waiter.step] ?? 0) - 1
        if (this.#ledger.phase(waiter.step) !== 'blocked') continue
        const unmet = !satisfies(state, waiter.on)
        if (!unmet && this.#open[waiter.step] !== 0) continue
        const error = unmet ? this.#unmet(place) : this.#whyNot(waiter.step)
        if (error === undefined) this.#wait(waiter.step)
        else ending.push({ place: waiter.step, state: WorkState.SKIPPED, error })
      }
    }
  }

  /** Starts what there is room for. */
  #pump(): void {
    const parallel = this.run.graph?.parallel ?? 0
    while (this.#inFlight() < (parallel === 0 ? USUAL_PARALLEL : parallel)) {
      const place = this.#queue[this.#head]
      if (place === undefined) break
      this.#head++
      if (this.#ledger.phase(place) === 'queued') this.#seek(place)
    }
    // What is gone from the queue is let go in lumps, so that each costs O(1).
    if (this.#head * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }

  #seek(place: number): void {
    const deadline = this.#deadline
    const impossible = deadline !== undefined && this.#now >= deadline ? this.#late() : this.#budgetSpent()
    if (impossible !== undefined) return this.#giveUp(place, WorkState.FAILED, impossible)
    const step = this.#ledger.step(place)
    const unknown = unknownAttempt(step)
    if (unknown?.idempotent === true && !this.#ledger.definition(place).repeatable) {
      const { agent, messageId, taskId } = unknown
      return this.#begin(place, { agent, messageId, taskId, idempotent: true }, true)
    }
    this.#ledger.move(place, 'assigning', WorkState.PENDING)
    this.#emit({ kind: 'assign', step: step.step, avoid: agentsTried(step) })
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
    const next = this.#alarms.next()
    if (next === undefined || (this.#announced !== undefined && this.#announced <= next)) return
    this.#announced = next
    this.#emit({ kind: 'wake', at: next })
  }

  #end(): void {
    const { run } = this
    run.error = run.cancelRequested ? undefined : runError(run, this.#ledger.index)
    run.state = run.cancelRequested ? WorkState.CANCELED : run.error === undefined ? WorkState.COMPLETED : WorkState.FAILED
    run.endedAt = BigInt(this.#now)
    this.#ledger.touchRun()
    this.#emit({ kind: 'ended' })
  }

  #emit(effect: TaskEffect): void {
    this.#effects.push(effect)
  }
}
