import type { ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import { WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { satisfies } from './graph-index.ts'
import { detail, outcomeUnknown, unknownAttempt } from './retry-rules.ts'
import type { RunClock } from './run-clock.ts'
import type { RunLedger } from './run-ledger.ts'
import { whyNot } from './step-gate.ts'
import { isEnded, stateName } from './work-state.ts'

/**
 * Which step is next: counts what every step still waits for, queues those that wait no more, and skips those that never will run.
 */
export class StepScheduler {
  readonly #ledger: RunLedger
  readonly #clock: RunClock
  /** For each step, how many of its needs have not ended. */
  readonly #open: number[] = []
  #queue: number[] = []
  /** Where the queue begins. */
  #head = 0

  constructor(ledger: RunLedger, clock: RunClock) {
    this.#ledger = ledger
    this.#clock = clock
    this.count()
  }

  /** Counts for every step what it still waits for. */
  count(): void {
    this.#ledger.each((place) => {
      this.#open[place] = this.#ledger.index.needs[place]?.filter(({ step }) => !isEnded(this.#ledger.step(step).state)).length ?? 0
    })
  }

  /** Looks at every step that waits for others: which may start, which never will. */
  scan(): void {
    this.#ledger.each((place) => {
      if (this.#ledger.phase(place) !== 'blocked') return
      const error = this.#broken(place) ?? (this.#open[place] === 0 ? this.#whyNot(place) : undefined)
      if (error !== undefined) this.finish(place, WorkState.SKIPPED, error)
      else if (this.#open[place] === 0) this.#wait(place)
    })
  }

  /** Why the step never will run: a need that has ended otherwise. */
  #broken(place: number): ErrorDetail | undefined {
    const edge = this.#ledger.index.needs[place]?.find(({ step, on }) => {
      const { state } = this.#ledger.step(step)
      return isEnded(state) && !satisfies(state, on)
    })
    return edge === undefined ? undefined : this.#unmet(edge.step)
  }

  #whyNot(place: number): ErrorDetail | undefined {
    const reason = whyNot(this.#ledger.definition(place), this.#ledger.known)
    return reason === undefined ? undefined : detail('STEP_SKIPPED', reason, { reason })
  }

  /** Until there is room for the step, and its pause is over. */
  #wait(place: number): void {
    if (Number(this.#ledger.step(place).notBefore) > this.#clock.now) this.pause(place)
    else this.enqueue(place)
  }

  pause(place: number): void {
    this.#ledger.move(place, 'paused', WorkState.PENDING)
    this.#clock.set(place, Number(this.#ledger.step(place).notBefore))
  }

  enqueue(place: number): void {
    this.#ledger.move(place, 'queued', WorkState.PENDING)
    this.#clock.clear(place)
    this.#queue.push(place)
  }

  #unmet(place: number): ErrorDetail {
    const { step, state } = this.#ledger.step(place)
    const reason = `step ${step} ended ${stateName(state)}`
    return detail('STEP_SKIPPED', reason, { reason, step })
  }

  /** Ends a step, and skips whatever can no longer run; without recursion, as a chain may be long. */
  finish(first: number, state: WorkState, error?: ErrorDetail): void {
    const ending: { place: number; state: WorkState; error: ErrorDetail | undefined }[] = [{ place: first, state, error }]
    for (let next = ending.pop(); next !== undefined; next = ending.pop()) {
      const { place, state, error } = next
      if (this.#ledger.phase(place) === 'ended') continue
      const step = this.#ledger.step(place)
      step.error = error
      step.notBefore = 0n
      step.endedAt = BigInt(this.#clock.now)
      this.#clock.clear(place)
      this.#ledger.move(place, 'ended', state)
      // Nothing starts any more, and who waits is ended by the cancel itself.
      if (this.#ledger.run.cancelRequested) continue
      for (const waiter of this.#ledger.index.waiters[place] ?? []) {
        this.#open[waiter.step] = (this.#open[waiter.step] ?? 0) - 1
        if (this.#ledger.phase(waiter.step) !== 'blocked') continue
        const unmet = !satisfies(state, waiter.on)
        if (!unmet && this.#open[waiter.step] !== 0) continue
        // All needs are looked at: after a resume, one may have ended long ago.
        const error = unmet ? this.#unmet(place) : (this.#broken(waiter.step) ?? this.#whyNot(waiter.step))
        if (error === undefined) this.#wait(waiter.step)
        else ending.push({ place: waiter.step, state: WorkState.SKIPPED, error })
      }
    }
  }

  /** Ends a step that has no attempt open. If nobody knows what its newest agent did, that is what is to be said. */
  giveUp(place: number, state: WorkState, error?: ErrorDetail): void {
    const unknown = unknownAttempt(this.#ledger.step(place))
    if (unknown?.error === undefined) this.finish(place, state, error)
    else this.finish(place, WorkState.FAILED, outcomeUnknown(unknown.agent, unknown.error))
  }

  /** Takes the first of the queue. */
  next(): number | undefined {
    for (;;) {
      const place = this.#queue[this.#head]
      if (place === undefined) break
      this.#head++
      if (this.#ledger.phase(place) === 'queued') return place
    }
    this.#queue = []
    this.#head = 0
    return undefined
  }
}
