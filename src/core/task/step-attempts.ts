import { create } from '@bufbuild/protobuf'
import type { ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import { type StepAttempt, StepAttemptSchema, type StepOutput, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import { quote } from '../ids/domain.ts'
import { agentsTried, detail, isRepeat, pauseAfter, refusalOf, timeoutOf, triesLeft, unknownAttempt, withFate } from './retry-rules.ts'
import type { RunClock } from './run-clock.ts'
import type { RunLedger } from './run-ledger.ts'
import type { StepScheduler } from './step-scheduler.ts'
import type { AttemptFate, TaskEvent } from './task-event.ts'

/** How long an agent may take to stop; then nobody knows. */
const STOP_MS = 60_000

/** What a run keeps of a step's attempts. */
const KEPT_ATTEMPTS = 20

/** What a step keeps of its last word, in UTF-16 units. */
const KEPT_PROGRESS = 2_000

/** The attempts of the steps of a run: how each begins, what is heard of it, and what follows when it comes to nothing. */
export class StepAttempts {
  readonly #ledger: RunLedger
  readonly #clock: RunClock
  readonly #scheduler: StepScheduler
  /** Places of attempts that an earlier process may have sent. */
  readonly #takenUp = new Set<number>()

  constructor(ledger: RunLedger, clock: RunClock, scheduler: StepScheduler) {
    this.#ledger = ledger
    this.#clock = clock
    this.#scheduler = scheduler
  }

  seek(place: number): void {
    const impossible = this.#clock.isOver(this.#clock.now) ? this.#clock.late() : this.#budgetSpent()
    if (impossible !== undefined) return this.#scheduler.giveUp(place, WorkState.FAILED, impossible)
    const step = this.#ledger.step(place)
    const unknown = unknownAttempt(step)
    if (unknown?.idempotent === true && !this.#ledger.definition(place).repeatable) {
      const { agent, messageId, taskId } = unknown
      return this.#begin(place, { agent, messageId, taskId, idempotent: true }, true)
    }
    this.#ledger.move(place, 'assigning', WorkState.PENDING)
    this.#ledger.emit({ kind: 'assign', step: step.step, avoid: agentsTried(step) })
  }

  assigned(event: Extract<TaskEvent, { kind: 'assigned' }>): void {
    const place = this.#ledger.place(event.step)
    if (this.#ledger.phase(place) !== 'assigning') return
    const refusal = refusalOf(this.#ledger.step(place), event.agent)
    // There is no other agent, and this one has said that asking again is of no use.
    if (refusal !== undefined) return this.#scheduler.finish(place, WorkState.FAILED, refusal)
    const short = this.#budgetSpent()
    if (short !== undefined) return this.#scheduler.giveUp(place, WorkState.FAILED, short)
    this.#begin(place, { agent: event.agent, idempotent: event.idempotent, messageId: event.messageId }, false)
  }

  /** Kept as an attempt without an agent: it counts as a try, but costs nothing of the budget. */
  unassigned(event: Extract<TaskEvent, { kind: 'unassigned' }>): void {
    const place = this.#ledger.place(event.step)
    if (this.#ledger.phase(place) !== 'assigning') return
    this.#record(place, { endedAt: BigInt(this.#clock.now), error: event.error })
    this.#again(place, event.error)
  }

  #begin(place: number, attempt: Pick<StepAttempt, 'agent' | 'idempotent' | 'messageId'> & { taskId?: string }, resumed: boolean): void {
    const step = this.#ledger.step(place)
    const { number } = this.#record(place, attempt)
    this.#ledger.run.spent++
    this.#ledger.touchRun()
    if (step.startedAt === 0n) step.startedAt = BigInt(this.#clock.now)
    step.notBefore = 0n
    step.progress = ''
    this.#ledger.move(place, 'running', WorkState.IN_PROGRESS)
    this.#clock.set(place, this.#clock.now + timeoutOf(this.#ledger.definition(place)))
    this.#ledger.emit({ kind: 'send', step: step.step, attempt: number, resumed })
  }

  #record(place: number, fields: Partial<Omit<StepAttempt, '$typeName' | '$unknown'>>): StepAttempt {
    const step = this.#ledger.step(place)
    const number = (step.attempts.at(-1)?.number ?? 0) + 1
    const attempt = create(StepAttemptSchema, { ...fields, number, startedAt: BigInt(this.#clock.now) })
    step.attempts = [...step.attempts.slice(1 - KEPT_ATTEMPTS), attempt]
    this.#ledger.touch(place)
    return attempt
  }

  /**
   * An attempt that was open. Its message is sent, or what became of it is looked up; so it is where the agent had asked, so that its task is followed again. The
   * clock of the attempt starts anew: that nobody listened for a while says nothing of the agent.
   */
  takeUp(place: number): void {
    if (this.#ledger.run.cancelRequested) return this.stop(place)
    const step = this.#ledger.step(place)
    const number = step.attempts.at(-1)?.number ?? 0
    this.#takenUp.add(place)
    const asking = step.state === WorkState.INPUT_REQUIRED
    this.#ledger.move(place, asking ? 'asking' : 'running', step.state)
    this.#ledger.emit({ kind: 'send', step: step.step, attempt: number, resumed: true })
    if (asking) return
    this.#clock.set(place, this.#clock.now + timeoutOf(this.#ledger.definition(place)))
    if (step.answer !== undefined) this.#ledger.emit({ kind: 'reply', step: step.step, attempt: number })
  }

  heard(event: Extract<TaskEvent, { attempt: number }>): void {
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

  /** While an answer is on its way, the agent may still be heard to ask what it answers; only another question counts. */
  #asked(place: number, { question }: Extract<TaskEvent, { kind: 'asked' }>): void {
    const step = this.#ledger.step(place)
    if (this.#ledger.phase(place) === 'stopping' || (step.answer !== undefined && step.question?.messageId === question.messageId)) return
    step.question = question
    step.answer = undefined
    this.#clock.clear(place)
    this.#ledger.touch(place)
    this.#ledger.move(place, 'asking', WorkState.INPUT_REQUIRED)
  }

  answer({ step: id, message }: Extract<TaskEvent, { kind: 'answer' }>): void {
    const place = this.#ledger.place(id)
    const step = this.#ledger.step(place)
    if (this.#ledger.phase(place) !== 'asking') throw new HansaError('INVALID_ARGUMENT', `step ${quote(id)} does not wait for an answer`, { step: id })
    step.answer = message
    this.#ledger.move(place, 'running', WorkState.IN_PROGRESS)
    this.#clock.set(place, this.#clock.now + timeoutOf(this.#ledger.definition(place)))
    this.#ledger.emit({ kind: 'reply', step: id, attempt: step.attempts.at(-1)?.number ?? 0 })
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
    this.#scheduler.finish(place, WorkState.COMPLETED)
  }

  #failed(place: number, attempt: StepAttempt, said: AttemptFate, error: ErrorDetail): void {
    const step = this.#ledger.step(place)
    // That this copy of the message was not delivered says nothing of an earlier one.
    const fate = said === 'undelivered' && (isRepeat(step) || this.#takenUp.has(place)) ? 'unknown' : said
    this.#close(place, attempt, withFate(error, fate), false)
    if (this.#ledger.run.cancelRequested && fate === 'undelivered') return this.#scheduler.finish(place, WorkState.CANCELED)
    const { agent, repeatable } = this.#ledger.definition(place)
    const never = (fate === 'unknown' && !repeatable && !attempt.idempotent) || (fate === 'refused' && agent?.agent !== '')
    if (this.#ledger.run.cancelRequested || never) this.#scheduler.giveUp(place, WorkState.FAILED, error)
    else this.#again(place, error)
  }

  #canceled(place: number, attempt: StepAttempt, error: ErrorDetail | undefined): void {
    if (error !== undefined) return this.#failed(place, attempt, 'unknown', error)
    if (this.#ledger.run.cancelRequested) {
      this.#close(place, attempt, undefined, undefined)
      return this.#scheduler.finish(place, WorkState.CANCELED)
    }
    const stopped = this.#ledger.phase(place) === 'stopping'
    const late = this.#clock.isOver(this.#clock.now)
    const timeout = detail('DEADLINE_EXCEEDED', `${attempt.agent} took longer than ${timeoutOf(this.#ledger.definition(place))} ms`)
    const own = detail('CANCELED', `${attempt.agent} has given the work up`)
    this.#failed(place, attempt, 'failed', !stopped ? own : late ? this.#clock.late() : timeout)
  }

  /** The time of an attempt is up: it is stopped, or has not stopped. */
  timeUp(place: number): void {
    if (this.#ledger.phase(place) === 'running') return this.stop(place)
    const attempt = this.#ledger.step(place).attempts.at(-1)
    if (this.#ledger.phase(place) === 'stopping' && attempt !== undefined)
      this.#canceled(place, attempt, detail('DEADLINE_EXCEEDED', `${attempt.agent} did not say within ${STOP_MS} ms that it has stopped`))
  }

  stop(place: number): void {
    const step = this.#ledger.step(place)
    this.#ledger.move(place, 'stopping', step.state)
    this.#clock.set(place, this.#clock.now + STOP_MS)
    this.#ledger.emit({ kind: 'cancel', step: step.step, attempt: step.attempts.at(-1)?.number ?? 0 })
  }

  /** The attempt is over. `merit`: how the agent did, unless that says nothing of it. */
  #close(place: number, attempt: StepAttempt, error: ErrorDetail | undefined, merit: boolean | undefined): void {
    this.#takenUp.delete(place)
    attempt.endedAt = BigInt(this.#clock.now)
    attempt.error = error
    const step = this.#ledger.step(place)
    step.question = step.answer = undefined
    this.#clock.clear(place)
    this.#ledger.touch(place)
    if (merit !== undefined)
      this.#ledger.emit({ kind: 'merit', agent: attempt.agent, succeeded: merit, ms: Math.max(0, this.#clock.now - Number(attempt.startedAt)) })
  }

  /** Another try after a pause, if tries, budget and time are left. */
  #again(place: number, error: ErrorDetail): void {
    const [definition, step] = [this.#ledger.definition(place), this.#ledger.step(place)]
    const at = this.#clock.now + pauseAfter(definition, step)
    if (!triesLeft(definition, step) || this.#budgetSpent() !== undefined || this.#clock.isOver(at))
      return this.#scheduler.giveUp(place, WorkState.FAILED, error)
    step.notBefore = BigInt(at)
    this.#ledger.touch(place)
    this.#scheduler.pause(place)
  }

  #budgetSpent(): ErrorDetail | undefined {
    const budget = this.#ledger.run.graph?.budget ?? 0
    if (budget === 0 || this.#ledger.run.spent < budget) return undefined
    return detail('BUDGET_EXCEEDED', `the task has used up its budget of ${budget} attempts`, { budget: String(budget) })
  }
}
