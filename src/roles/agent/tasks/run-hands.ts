import type { MessageInitShape } from '@bufbuild/protobuf'
import { knownOf } from '../../../core/task/known-of.ts'
import { MAX_TTL_MS } from '../../../core/inbox/inbox-bounds.ts'
import type { Known } from '../../../core/task/reference.ts'
import type { TaskEffect } from '../../../core/task/task-effect.ts'
import type { TaskEvent } from '../../../core/task/task-event.ts'
import { errorDetail, HansaError, toHansaError } from '../../../schema/errors.ts'
import type { StepAttempt, TaskRun, TaskStep } from '../../../schema/generated/hansa/v1/task_pb.ts'
import type { MessageSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { pause } from '../pause.ts'
import type { AgentTraits } from './agent-finder.ts'
import { Attempt } from './attempt.ts'
import type { AttemptDeps, AttemptWork } from './attempt-deps.ts'
import type { AttemptWord } from './attempt-word.ts'
import { cancelAttempt } from './cancel-attempt.ts'
import type { FileShelf } from './file-shelf.ts'
import { type ChoiceDeps, chooseFor } from './choose-for.ts'
import { messageOf } from './message-of.ts'

/** One call; the rpc layer takes no more. A task that runs longer is followed by the next call. */
const LONGEST_CALL_MS = 3_600_000
/** One try of a step that says nothing (task.proto). */
const USUAL_TIMEOUT_MS = 600_000
/** An agent's node remembers a message for longer, as one that has waited in an inbox may come so late; after that, a copy could be worked on again. */
const REMEMBERED_MS = MAX_TTL_MS
/** When the directory wants to be left alone and does not say for how long. */
const DIRECTORY_REST_MS = 2_000
/** What it says is somebody else's word: no longer than its quota takes to fill again. */
const DIRECTORY_PATIENCE_MS = 60_000

export interface HandsDeps extends AttemptDeps, ChoiceDeps {
  readonly files: FileShelf
  /** Told of every attempt that is over, in one word. */
  readonly over: (outcome: string) => void
}

/** What is held for a step from the choice of its agent to the call. */
interface Reservation {
  readonly slot: () => void
  readonly load: () => void
}

interface Live {
  readonly number: number
  work?: AttemptWork
  attempt?: Attempt
  /** Stopped before it had begun. */
  stopped: boolean
}

/** Carries out what a run decides: finds agents, sends, follows, cancels, wakes. What comes of it goes back as events. */
export class RunHands {
  readonly #deps: HandsDeps
  readonly #run: TaskRun
  readonly #push: (event: TaskEvent, files?: ReadonlyMap<string, Uint8Array>) => void
  readonly #places: ReadonlyMap<string, number>
  readonly #known: Known
  readonly #live = new Map<string, Live>()
  readonly #reserved = new Map<string, Reservation>()
  readonly #closing = new AbortController()
  #cancelWake: (() => void) | undefined

  constructor(deps: HandsDeps, run: TaskRun, push: (event: TaskEvent, files?: ReadonlyMap<string, Uint8Array>) => void) {
    this.#deps = deps
    this.#run = run
    this.#push = push
    this.#places = new Map(run.graph?.steps.map(({ id }, place) => [id, place]))
    this.#known = knownOf(run)
  }

  /** In order; none is waited for. */
  perform(effects: readonly TaskEffect[]): void {
    // An answer that is on its way says more than a look at what became of the question.
    const replied = new Set(effects.flatMap((effect) => (effect.kind === 'reply' ? [effect.step] : [])))
    for (const effect of effects) {
      switch (effect.kind) {
        case 'assign':
          void this.#assign(effect.step, effect.avoid)
          break
        case 'send':
          if (!replied.has(effect.step)) void this.#begin(effect.step, effect.attempt, effect.resumed)
          break
        case 'reply':
          void this.#begin(effect.step, effect.attempt, true, true)
          break
        case 'cancel':
          void this.#cancel(effect.step, effect.attempt)
          break
        case 'wake':
          this.#wake(effect.at)
          break
        case 'merit':
          this.#deps.merits.note(effect, this.#deps.clock.now())
          break
        case 'ended':
          this.close()
          break
      }
    }
  }

  /** An agent was chosen, and by then none was wanted any more. */
  unused(step: string): void {
    const reserved = this.#reserved.get(step)
    this.#reserved.delete(step)
    reserved?.slot()
    reserved?.load()
  }

  /** Leaves everything as it is at the agents. */
  close(): void {
    this.#closing.abort(new HansaError('CANCELED', 'the run is over or this node stops'))
    this.#cancelWake?.()
    for (const { attempt } of this.#live.values()) attempt?.leave()
    for (const step of [...this.#reserved.keys()]) this.unused(step)
  }

  #wake(at: number): void {
    this.#cancelWake?.()
    this.#cancelWake = this.#deps.clock.after(Math.max(0, at - this.#deps.clock.now()), () => this.#push({ kind: 'tick' }))
  }

  #definition(step: string): TaskStep | undefined {
    return this.#run.graph?.steps[this.#places.get(step) ?? -1]
  }

  #attemptOf(step: string, number: number): StepAttempt | undefined {
    const attempt = this.#run.steps[this.#places.get(step) ?? -1]?.attempts.at(-1)
    return attempt?.number === number ? attempt : undefined
  }

  async #assign(step: string, avoid: readonly string[]): Promise<void> {
    const { signal } = this.#closing
    const definition = this.#definition(step)
    if (definition === undefined) return
    for (;;) {
      let slot: (() => void) | undefined
      try {
        slot = await this.#deps.slots.take(signal)
        const chosen = await chooseFor(this.#deps, definition, avoid, `${this.#run.id} ${step}`, this.#deps.clock.now())
        if (signal.aborted) return slot()
        const load = this.#deps.merits.begin(chosen.handle)
        this.unused(step)
        this.#reserved.set(step, { slot, load })
        const number = (this.#run.steps[this.#places.get(step) ?? -1]?.attempts.at(-1)?.number ?? 0) + 1
        const messageId = `${this.#run.id}.${step}.${number}`
        return this.#push({ kind: 'assigned', step, agent: chosen.handle, idempotent: chosen.idempotent, messageId })
      } catch (thrown) {
        slot?.()
        if (signal.aborted) return
        const error = toHansaError(thrown)
        if (error.code !== 'RATE_LIMITED') return this.#push({ kind: 'unassigned', step, error: errorDetail(error) })
        // That this node asks too much says nothing of the agents: it is no try of the step.
        await pause(this.#deps.clock, Math.min(Number(error.metadata['retryAfterMs']) || DIRECTORY_REST_MS, DIRECTORY_PATIENCE_MS), signal)
      }
    }
  }

  async #begin(step: string, number: number, resumed: boolean, reply = false): Promise<void> {
    this.#live.get(step)?.attempt?.leave()
    const reserved = this.#reserved.get(step)
    this.#reserved.delete(step)
    const live: Live = { number, stopped: false }
    this.#live.set(step, live)
    const row = this.#attemptOf(step, number)
    const release = reserved?.load ?? (row === undefined ? undefined : this.#deps.merits.begin(row.agent))
    try {
      const work = await this.#workOf(step, number, resumed, reply, reserved?.slot)
      if (work === undefined || live.stopped || this.#closing.signal.aborted) return
      live.work = work
      live.attempt = new Attempt(this.#deps, work)
      await live.attempt.run()
    } catch (thrown) {
      // The message cannot be made: nobody else could make it.
      if (!live.stopped) this.#say(step, number, { kind: 'failed', fate: 'refused', error: errorDetail(toHansaError(thrown)) })
    } finally {
      release?.()
      reserved?.slot()
      if (this.#live.get(step) === live) this.#live.delete(step)
    }
  }

  async #workOf(step: string, number: number, resumed: boolean, reply: boolean, slot?: () => void): Promise<AttemptWork | undefined> {
    const place = this.#places.get(step) ?? -1
    const definition = this.#definition(step)
    const attempt = this.#attemptOf(step, number)
    const answer = this.#run.steps[place]?.answer
    if (definition === undefined || attempt === undefined || (reply && answer === undefined)) return undefined
    const { agent, taskId, messageId } = attempt
    const sent = (this.#run.steps[place]?.attempts ?? []).filter((one) => one.messageId === messageId).map(({ startedAt }) => Number(startedAt))
    const idempotent = attempt.idempotent && this.#deps.clock.now() - Math.min(...sent) < REMEMBERED_MS
    const message = messageOf(definition, this.#known, { messageId, contextId: this.#run.contextId }, this.#deps.files)
    const traits = this.#deps.finder.known(agent) ?? (await this.#deps.finder.traits(agent))
    const timeoutMs = Math.min(definition.timeoutMs || USUAL_TIMEOUT_MS, LONGEST_CALL_MS)
    const question = this.#run.steps[place]?.question
    const contextId = question !== undefined && question.contextId !== '' ? question.contextId : this.#run.contextId
    return {
      agent,
      spiffeId: traits.spiffeId,
      streaming: traits.streaming,
      idempotent,
      repeatable: definition.repeatable,
      message,
      resumed,
      taskId,
      ...(reply && answer !== undefined
        ? { reply: { ...answer, taskId, contextId } satisfies MessageInitShape<typeof MessageSchema>, question: question?.messageId ?? '' }
        : {}),
      timeoutMs,
      ...translation(definition, traits),
      ...(slot === undefined ? {} : { slot }),
      say: (word) => this.#say(step, number, word)
    }
  }

  async #cancel(step: string, number: number): Promise<void> {
    const live = this.#live.get(step)
    if (live !== undefined && live.attempt === undefined) {
      live.stopped = true
      // Its message has not been made yet; whether an earlier process has sent it is asked below.
      this.#live.delete(step)
    }
    try {
      const work = live?.work ?? (await this.#workOf(step, number, true, false))
      if (work === undefined || this.#closing.signal.aborted) return
      await cancelAttempt(this.#deps, work, live?.attempt, this.#closing.signal)
    } catch (thrown) {
      this.#say(step, number, { kind: 'canceled', error: errorDetail(toHansaError(thrown)) })
    }
  }

  #say(step: string, attempt: number, word: AttemptWord): void {
    if (this.#closing.signal.aborted) return
    if (word.kind === 'completed' || word.kind === 'canceled') this.#deps.over(word.kind)
    if (word.kind === 'failed') this.#deps.over(word.fate)
    // One that had to be stopped has failed, too.
    if (word.kind === 'canceled' || (word.kind === 'failed' && word.fate !== 'refused')) {
      const criteria = this.#definition(step)?.agent
      if (criteria !== undefined) this.#deps.finder.doubt(criteria)
    }
    if (word.kind === 'completed') this.#push({ kind: 'completed', step, attempt, output: word.output }, word.files)
    else this.#push({ ...word, step, attempt })
  }
}

/** The words of a step in a language that the agent does not speak are translated on the way, and so are its answers. */
function translation({ textLanguage, agent }: TaskStep, { languages }: AgentTraits): Pick<AttemptWork, 'translate'> {
  if (textLanguage === '' || languages.length === 0 || languages.some((tag) => sameLanguage(tag, textLanguage))) return {}
  const to = agent?.language !== undefined && agent.language !== '' ? agent.language : languages[0]
  return to === undefined ? {} : { translate: { from: textLanguage, to, reply: textLanguage, onMissing: 'fail' } }
}

function sameLanguage(a: string, b: string): boolean {
  return a.split('-')[0]?.toLowerCase() === b.split('-')[0]?.toLowerCase()
}
