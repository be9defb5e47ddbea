import { type ErrorDetail } from '../../schema/generated/hansa/v1/call_pb.ts'
import type { TaskRun } from '../../schema/generated/hansa/v1/task_pb.ts'
import { AlarmClock } from './alarm-clock.ts'
import { detail } from './retry-rules.ts'

/** The alarm for the deadline of the run; those of steps have their places. */
export const DEADLINE = -1

/** The time of a run: now, its deadline, and who is to be woken when. Milliseconds since the epoch. */
export class RunClock {
  /** Time of the event that is being worked on. */
  now = 0
  readonly #run: TaskRun
  readonly #alarms = new AlarmClock()
  #announced: number | undefined

  constructor(run: TaskRun) {
    this.#run = run
  }

  set(place: number, at: number): void {
    this.#alarms.set(place, at)
  }

  clear(place: number): void {
    this.#alarms.clear(place)
  }

  /** Takes the next place whose time has come. */
  ring(): number | undefined {
    return this.#alarms.ring(this.now)
  }

  armDeadline(): void {
    const deadline = this.#deadline
    if (deadline !== undefined) this.#alarms.set(DEADLINE, deadline)
  }

  /** True when the run must have ended by `at`. */
  isOver(at: number): boolean {
    const deadline = this.#deadline
    return deadline !== undefined && at >= deadline
  }

  /** The deadline has passed: what is said of it. */
  late(): ErrorDetail {
    return detail('DEADLINE_EXCEEDED', `the deadline of the task (${this.#run.graph?.deadlineMs ?? 0} ms) has passed`)
  }

  /** The time that was announced is over, or nobody waits for it any more. */
  forgetAnnounced(): void {
    this.#announced = undefined
  }

  /** When to look again, if that is earlier than what was announced before. */
  announce(): number | undefined {
    const next = this.#alarms.next()
    if (next === undefined || (this.#announced !== undefined && this.#announced <= next)) return undefined
    this.#announced = next
    return next
  }

  get #deadline(): number | undefined {
    const ms = Number(this.#run.graph?.deadlineMs ?? 0)
    if (ms === 0) return undefined
    return Number(this.#run.resumedAt === 0n ? this.#run.createdAt : this.#run.resumedAt) + ms
  }
}
