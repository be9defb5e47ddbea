import { errorDetail, HansaError, toHansaError } from '../../../schema/errors.ts'
import { type Message, TaskState } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { pause } from '../pause.ts'
import type { AttemptDeps, AttemptWork } from './attempt-deps.ts'
import { BackOff } from './back-off.ts'
import { Calls } from './calls.ts'
import { type Fate, fateOf } from './fates.ts'
import { passing } from './passing.ts'
import { ProgressLine } from './progress-line.ts'
import { taskEnd } from './task-end.ts'
import { TaskReading } from './task-reading.ts'

/** Between two tries of the same message, and between two looks at a task: short at first, for most breaks are short. */
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000
/** An agent or gateway that has too much to do is given this long before the step looks for another. */
const BUSY_MS = 15_000
/** Away for longer than a restart takes: where the step may be done twice, somebody else takes over; where not, only this agent can say what it did, and is waited for. */
const AWAY_MS = 5_000
const AWAY_LONG_MS = 60_000

/** Sends one message to one agent and follows what becomes of it to its end, over broken streams and restarts of the agent. Says each thing once. */
export class Attempt {
  readonly #deps: AttemptDeps
  readonly #work: AttemptWork
  readonly #calls: Calls
  readonly #reading: TaskReading
  readonly #progress: ProgressLine
  readonly #backOff: BackOff
  readonly #stopping = new AbortController()
  #announced: string
  /** The message may be with the agent although no answer has come. */
  #doubt: boolean
  #troubleSince: number | undefined
  #lost = 0
  #begun = false
  #over = false
  #known: (() => void) | undefined

  constructor(deps: AttemptDeps, work: AttemptWork) {
    this.#deps = deps
    this.#work = work
    this.#reading = new TaskReading(work.taskId)
    this.#announced = work.taskId
    this.#doubt = work.resumed
    this.#calls = new Calls(deps, work, this.#reading, () => this.#heard(), this.#stopping.signal)
    this.#progress = new ProgressLine(deps.clock, (text) => work.say({ kind: 'progress', text }))
    this.#backOff = new BackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, deps.random)
  }

  get taskId(): string {
    return this.#announced
  }

  /** Nothing of it can be with the agent. */
  get untouched(): boolean {
    return !this.#doubt && !this.#begun
  }

  /** It has had its last word, or was left. */
  get over(): boolean {
    return this.#over
  }

  /** Says no more and cuts the call; what runs at the agent is left alone, but for a call of which no task is known: that ends with it. */
  leave(): void {
    this.#over = true
    this.#progress.stop()
    this.#stopping.abort(new HansaError('CANCELED', 'the attempt is left'))
    this.#known?.()
  }

  /** Resolves when the task is known or the attempt is over, or after `ms`. */
  async taskKnown(ms: number): Promise<void> {
    if (this.#announced !== '' || this.#over) return
    const known = new AbortController()
    this.#known = () => known.abort()
    await pause(this.#deps.clock, ms, known.signal)
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      if (this.#work.resumed && this.#work.taskId === '' && !this.#work.idempotent)
        return this.#fail('unknown', this.#unknown('this node stopped while the message was on its way'))
      if (this.#work.reply !== undefined) await this.#answer(this.#work.reply)
      while (!this.#over) {
        try {
          this.#begun = true
          await (this.#reading.taskId === '' ? this.#calls.send(this.#work.message) : this.#calls.takeUp())
          if (this.#reading.settled) return this.#conclude()
          this.#doubt = true
        } catch (thrown) {
          await this.#trouble(toHansaError(thrown))
        }
        this.#begun = false
        if (!this.#over) await pause(this.#deps.clock, this.#backOff.next(), this.#stopping.signal)
      }
    } catch (thrown) {
      this.#fail('unknown', toHansaError(thrown))
    } finally {
      this.#calls.end()
    }
  }

  /** Something has come from the agent. */
  #heard(): void {
    if (this.#over) return
    this.#backOff.reset()
    this.#troubleSince = undefined
    const { taskId } = this.#reading
    if (taskId !== '' && taskId !== this.#announced) {
      this.#announced = taskId
      this.#work.say({ kind: 'accepted', taskId })
      this.#known?.()
    }
    if (!this.#reading.settled && this.#reading.progress !== '') this.#progress.say(this.#reading.progress)
  }

  /** Returns when the same is to be tried again; otherwise the attempt has had its last word. */
  async #trouble(error: HansaError): Promise<void> {
    if (this.#over) return
    const { agent, spiffeId, idempotent } = this.#work
    const now = this.#deps.clock.monotonic()
    this.#troubleSince ??= now
    const lasted = now - this.#troubleSince
    const way = passing(error)
    if (this.#reading.taskId !== '') {
      // The agent has lost it; one that honours the key says what came of the message, or that nobody knows.
      if (error.code === 'TASK_NOT_FOUND' && idempotent && this.#lost++ === 0) return this.#reading.forget()
      if (error.code === 'FRAME_TOO_LARGE') return this.#fail('failed', error)
      if (way === 'never') return this.#fail('unknown', this.#unknown(error.message, error))
      if (way === 'away') await this.#waited(agent, lasted, error)
      return
    }
    const fate = fateOf(error, spiffeId)
    if (fate === 'failed' || fate === 'refused') return this.#fail(fate, error)
    if (fate === 'undelivered' && !this.#doubt) {
      if (way === 'busy' && lasted < BUSY_MS) return
      return this.#fail('undelivered', error)
    }
    if (fate === 'unknown') this.#doubt = true
    if (!idempotent || way === 'never') return this.#fail('unknown', this.#unknown(error.message, error))
    if (way === 'away') await this.#waited(agent, lasted, error)
  }

  /** Gives up an agent that has been away for too long and is not there by the directory either. When nobody can be asked, it counts as there. */
  async #waited(agent: string, lasted: number, error: HansaError): Promise<void> {
    if (lasted < (this.#work.repeatable ? AWAY_MS : AWAY_LONG_MS)) return
    // The directory is asked again only when the trouble has lasted as long again.
    this.#troubleSince = this.#deps.clock.monotonic()
    if (await this.#calls.isAway(agent)) this.#fail('unknown', this.#unknown(`it has been away for ${Math.round(lasted / 1000)} s`, error))
  }

  /** Sends the answer until the agent has it. */
  async #answer(reply: NonNullable<AttemptWork['reply']>): Promise<void> {
    let sent = false
    for (let known = this.#work.idempotent; !this.#over;) {
      try {
        // Whether an answer that may have been sent has arrived is told by the state of the task.
        if (!known) {
          await this.#calls.look()
          // A new question says as much: the answer is not its answer, too.
          if (!this.#waits() || (sent && this.#reading.saidId !== this.#work.question)) break
        }
        sent = true
        known = this.#work.idempotent
        await this.#calls.send(reply, () => this.#answered())
        this.#answered()
        if (this.#reading.settled && !this.#over) this.#conclude()
        return
      } catch (thrown) {
        const error = toHansaError(thrown)
        if (passing(error) === 'never') {
          const fate = fateOf(error, this.#work.spiffeId)
          return this.#fail(fate === 'undelivered' ? 'failed' : fate, error)
        }
      }
      if (!this.#over) await pause(this.#deps.clock, this.#backOff.next(), this.#stopping.signal)
    }
    this.#answered()
    if (this.#reading.settled && !this.#over) this.#conclude()
  }

  #waits(): boolean {
    const { state } = this.#reading
    return state === TaskState.INPUT_REQUIRED || state === TaskState.AUTH_REQUIRED
  }

  #toldAnswered = false
  #answered(): void {
    if (this.#toldAnswered || this.#over) return
    this.#toldAnswered = true
    this.#work.say({ kind: 'answered' })
  }

  #conclude(): void {
    if (this.#over) return
    if (this.#waits()) {
      let question: Message
      try {
        question = this.#reading.question()
      } catch (thrown) {
        return this.#fail('failed', toHansaError(thrown))
      }
      return this.#end(() => this.#work.say({ kind: 'asked', question }))
    }
    const { agent } = this.#work
    const word = taskEnd(this.#reading, agent, this.#deps.sha256)
    // Nobody here asked for that.
    if (word.kind === 'canceled') return this.#fail('failed', new HansaError('AGENT_FAILED', `${agent} has canceled the task itself`, { agent }))
    this.#end(() => this.#work.say(word))
  }

  #fail(fate: Fate, error: HansaError): void {
    this.#end(() => this.#work.say({ kind: 'failed', fate, error: errorDetail(error) }))
  }

  #end(say: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#progress.stop()
    this.#known?.()
    say()
  }

  #unknown(why: string, cause?: HansaError): HansaError {
    const { agent } = this.#work
    return new HansaError('OUTCOME_UNKNOWN', `nobody can tell what ${agent} did: ${why}`, { ...cause?.metadata, agent }, cause)
  }
}
