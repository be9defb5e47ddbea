import { type StepRun, type TaskRun, type TaskStep, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { HansaError } from '../../schema/errors.ts'
import { quote } from '../ids/domain.ts'
import { GraphIndex } from './graph-index.ts'
import { knownOf } from './known-of.ts'
import type { Known } from './reference.ts'
import type { TaskEffect } from './task-effect.ts'
import { isEnded } from './work-state.ts'

/**
 * Where a step stands, in more detail than is kept. blocked: waits for others. queued: waits for a place. paused: waits before its next try. assigning: an agent
 * is sought. running, asking: an attempt is open. stopping: an attempt is told to stop. The first four are PENDING in what is kept.
 */
type Phase = 'blocked' | 'queued' | 'paused' | 'assigning' | 'running' | 'asking' | 'stopping' | 'ended'

/** A run, what has changed in it, and what is to be done. Every change of a run goes through here, so that none is forgotten when it is persisted. */
export class RunLedger {
  readonly run: TaskRun
  readonly index: GraphIndex
  readonly known: Known
  readonly #phases: Phase[]
  readonly #counts: Record<Phase, number> = { blocked: 0, queued: 0, paused: 0, assigning: 0, running: 0, asking: 0, stopping: 0, ended: 0 }
  #effects: TaskEffect[] = []
  #runChanged = false
  readonly #stepsChanged = new Set<number>()

  /** Throws INVALID_ARGUMENT when the steps of the run are not those of its graph. */
  constructor(run: TaskRun) {
    const { graph } = run
    if (graph === undefined || graph.steps.length !== run.steps.length || graph.steps.some(({ id }, place) => run.steps[place]?.step !== id))
      throw new HansaError('INVALID_ARGUMENT', `the steps of task ${quote(run.id)} are not those of its graph`)
    this.run = run
    this.index = new GraphIndex(graph)
    this.known = knownOf(run)
    this.#phases = run.steps.map(({ state }) => phaseOf(state))
    for (const phase of this.#phases) this.#counts[phase]++
  }

  /** Place of a step; throws NOT_FOUND. */
  place(id: string): number {
    const place = this.index.place(id)
    if (place === undefined) throw new HansaError('NOT_FOUND', `task ${quote(this.run.id)} has no step ${quote(id)}`)
    return place
  }

  definition(place: number): TaskStep {
    return at(this.run.graph?.steps ?? [], place)
  }

  step(place: number): StepRun {
    return at(this.run.steps, place)
  }

  phase(place: number): Phase {
    return at(this.#phases, place)
  }

  count(phase: Phase): number {
    return this.#counts[phase]
  }

  /** Moves a step on. With a state other than the present one, the step has changed. */
  move(place: number, phase: Phase, state: WorkState): void {
    this.#counts[this.phase(place)]--
    this.#counts[phase]++
    this.#phases[place] = phase
    const step = this.step(place)
    if (step.state === state) return
    step.state = state
    this.touch(place)
  }

  /** All places, in the order of the graph. */
  each(visit: (place: number) => unknown): void {
    for (let place = 0; place < this.run.steps.length; place++) visit(place)
  }

  /** To be done once what has changed is kept. */
  emit(effect: TaskEffect): void {
    this.#effects.push(effect)
  }

  takeEffects(): TaskEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** The step has changed. */
  touch(place: number): void {
    this.#stepsChanged.add(place)
  }

  /** Something of the run beside its steps has changed. */
  touchRun(): void {
    this.#runChanged = true
  }

  takeChanges(): { readonly run: boolean; readonly steps: number[] } {
    const changes = { run: this.#runChanged, steps: [...this.#stepsChanged].sort((a, b) => a - b) }
    this.#runChanged = false
    this.#stepsChanged.clear()
    return changes
  }
}

function phaseOf(state: WorkState): Phase {
  if (isEnded(state)) return 'ended'
  if (state === WorkState.INPUT_REQUIRED) return 'asking'
  return state === WorkState.IN_PROGRESS ? 'running' : 'blocked'
}

function at<T>(list: readonly T[], place: number): T {
  const entry = list[place]
  if (entry === undefined) throw new HansaError('INTERNAL', `no step at place ${place}`)
  return entry
}
