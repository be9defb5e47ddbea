import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { MinHeap } from '../../../../src/core/structures/min-heap.ts'
import { dependenciesOf } from '../../../../src/core/task/dependencies.ts'
import { newRun } from '../../../../src/core/task/new-run.ts'
import type { TaskEffect } from '../../../../src/core/task/task-effect.ts'
import type { TaskEvent } from '../../../../src/core/task/task-event.ts'
import { TaskMachine } from '../../../../src/core/task/task-machine.ts'
import { isEnded } from '../../../../src/core/task/work-state.ts'
import { NeedState, StepRunSchema, type TaskRun, TaskRunSchema, WorkState } from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { error, graphOf, message, output, type StepInit } from './task-world.ts'

/** What has become of a message at its agent. `gone`: nobody will ever hear of it. */
interface Work {
  readonly taskId: string
  state: 'working' | 'asking' | 'done' | 'failed' | 'refused' | 'stopped'
  question: number
  watchers: (() => void)[]
}

interface Agent {
  readonly handle: string
  readonly idempotent: boolean
  /** The book of a real one is durable. */
  readonly works: Map<string, Work>
}

interface Happening {
  readonly at: number
  readonly order: number
  readonly happen: () => void
}

/** Mulberry32. */
function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * One random run with agents that fail, refuse, ask, fall silent and lose connections, under an orchestrator that dies: before what has changed is kept, or
 * after, before anything of it is done. Everything is drawn from the seed. Throws when something happens that must not.
 */
export class ChaosWorld {
  readonly #random: () => number
  readonly #happenings = new MinHeap<Happening>((one) => one.at * 1e6 + one.order)
  readonly #agents: Agent[]
  readonly #steps: StepInit[]
  /** How often the work of each step has been done, at any agent. */
  readonly #done = new Map<string, number>()
  /** How often each message has come to an agent that would not know it again. */
  readonly #delivered = new Map<string, number>()
  readonly #parallel: number
  #machine: TaskMachine
  /** What is on the disk. */
  #kept: { run: Uint8Array; steps: Uint8Array[] }
  #process = 0
  #assigning = new Set<string>()
  #wake = 0
  #order = 0
  #now = 1_000
  #resumed = false
  crashes = 0

  constructor(seed: number) {
    this.#random = chance(seed)
    this.#agents = Array.from({ length: 2 + this.#below(4) }, (_, at) => ({
      handle: `agent${at}@x.example`,
      idempotent: this.#odds(0.6),
      works: new Map<string, Work>()
    }))
    this.#steps = this.#dag(1 + this.#below(14))
    this.#parallel = 1 + this.#below(4)
    const rest = {
      parallel: this.#parallel,
      budget: this.#odds(0.2) ? 5 + this.#below(20) : 0,
      deadlineMs: this.#odds(0.2) ? BigInt(2_000 + this.#below(30_000)) : 0n
    }
    this.#machine = new TaskMachine(newRun(graphOf(this.#steps, rest), { id: 'run', contextId: 'context', now: this.#now }))
    this.#kept = { run: new Uint8Array(), steps: [] }
    this.#keep(true, [...this.#steps.keys()])
  }

  /** Lives the run to its end. */
  live(): TaskRun {
    this.#apply({ kind: 'start' })
    this.#user()
    if (this.#odds(0.2)) this.#later(this.#below(20_000), () => this.#apply({ kind: 'cancel' }))
    let turns = 0
    for (let next = this.#happenings.pop(); next !== undefined; next = this.#happenings.pop()) {
      assert.ok(++turns < 20_000, 'the run does not end')
      this.#now = Math.max(this.#now, next.at)
      next.happen()
      if (this.#machine.run.state === WorkState.FAILED && !this.#resumed && this.#odds(0.3)) this.#resume()
    }
    this.#checkEnd()
    return this.#machine.run
  }

  // ---- the orchestrator

  #apply(event: TaskEvent): void {
    const ended = this.#machine.run.steps.map(({ state }) => state)
    const effects = this.#machine.apply(event, this.#now)
    if ('step' in event && (event.kind === 'assigned' || event.kind === 'unassigned')) this.#assigning.delete(event.step)
    if (event.kind !== 'resume')
      this.#machine.run.steps.forEach(({ state }, at) => assert.ok(!isEnded(ended[at] ?? 0) || ended[at] === state, 'what has ended has changed'))
    if (this.#odds(0.03)) return this.#crash()
    const changes = this.#machine.takeChanges()
    this.#keep(changes.run, changes.steps)
    if (this.#odds(0.03)) return this.#crash()
    for (const effect of effects) if (effect.kind === 'assign') this.#assigning.add(effect.step)
    if (effects.some(({ kind }) => kind === 'assign')) this.#checkParallel()
    for (const effect of effects) this.#carryOut(effect)
  }

  #keep(run: boolean, steps: readonly number[]): void {
    if (run) this.#kept.run = toBinary(TaskRunSchema, create(TaskRunSchema, { ...this.#machine.run, steps: [] }))
    for (const at of steps) {
      const step = this.#machine.run.steps[at]
      if (step !== undefined) this.#kept.steps[at] = toBinary(StepRunSchema, step)
    }
  }

  #crash(): void {
    this.crashes++
    this.#process++
    this.#assigning.clear()
    const run = fromBinary(TaskRunSchema, this.#kept.run)
    run.steps = this.#kept.steps.map((bytes) => fromBinary(StepRunSchema, bytes))
    this.#machine = new TaskMachine(run)
    this.#now += this.#below(3_000)
    this.#apply({ kind: 'recover' })
  }

  #carryOut(effect: TaskEffect): void {
    switch (effect.kind) {
      case 'assign':
        this.#checkNeeds(effect.step)
        return this.#later(this.#below(50), () => this.#assign(effect), true)
      case 'send':
        this.#checkNeeds(effect.step)
        return this.#later(this.#below(50), () => this.#send(effect), true)
      case 'reply':
        return this.#later(this.#below(50), () => this.#reply(effect), true)
      case 'cancel':
        return this.#later(this.#below(50), () => this.#stop(effect), true)
      case 'wake': {
        const wake = ++this.#wake
        return this.#at(effect.at, () => wake === this.#wake && this.#apply({ kind: 'tick' }), true)
      }
      case 'merit':
      case 'ended':
        return
    }
  }

  #assign({ step, avoid }: Extract<TaskEffect, { kind: 'assign' }>): void {
    if (this.#odds(0.05)) return this.#apply({ kind: 'unassigned', step, error: error('AGENT_NOT_FOUND') })
    const others = this.#agents.filter(({ handle }) => !avoid.includes(handle))
    const agent = this.#pick(others.length > 0 ? others : this.#agents)
    // Not used again in another process: a number that was never kept may have been sent.
    this.#apply({ kind: 'assigned', step, agent: agent.handle, idempotent: agent.idempotent, messageId: `message${++this.#order}` })
  }

  #send({ step, attempt: number, resumed }: Extract<TaskEffect, { kind: 'send' }>): void {
    const attempt = this.#machine.step(step).step.attempts.find((one) => one.number === number)
    const agent = this.#agents.find(({ handle }) => handle === attempt?.agent)
    if (attempt === undefined || agent === undefined) return
    const event = { step, attempt: number }
    const known = agent.works.get(attempt.messageId)
    if (resumed && !agent.idempotent && attempt.taskId === '')
      return this.#apply({ kind: 'failed', ...event, fate: 'unknown', error: error('CONNECTION_LOST') })
    if (this.#odds(0.1)) return this.#apply({ kind: 'failed', ...event, fate: 'undelivered', error: error('AGENT_UNREACHABLE') })
    if (!agent.idempotent && attempt.taskId === '') {
      const times = (this.#delivered.get(attempt.messageId) ?? 0) + 1
      this.#delivered.set(attempt.messageId, times)
      assert.equal(times, 1, `${step} was sent twice to an agent that does not know a message again`)
    }
    const work = known ?? this.#work(step, attempt.messageId)
    agent.works.set(attempt.messageId, work)
    if (this.#odds(0.7)) this.#later(10, () => this.#apply({ kind: 'accepted', ...event, taskId: work.taskId }), true)
    if (this.#odds(0.1))
      return this.#later(this.#below(1_000), () => this.#apply({ kind: 'failed', ...event, fate: 'unknown', error: error('CONNECTION_LOST') }), true)
    const process = this.#process
    const watch = (): void => {
      if (process === this.#process) this.#report(event, work)
    }
    work.watchers.push(watch)
    watch()
  }

  #report(event: { step: string; attempt: number }, work: Work): void {
    switch (work.state) {
      case 'working':
        return this.#apply({ kind: 'progress', ...event, text: 'still at it' })
      case 'asking':
        return this.#apply({ kind: 'asked', ...event, question: message('which?', `${work.taskId} ${work.question}`) })
      case 'done':
        return this.#apply({ kind: 'completed', ...event, output: output({ of: event.step }) })
      case 'failed':
      case 'refused':
        return this.#apply({ kind: 'failed', ...event, fate: work.state, error: error('AGENT_FAILED') })
      case 'stopped':
        return this.#apply({ kind: 'canceled', ...event })
    }
  }

  #reply({ step, attempt: number }: Extract<TaskEffect, { kind: 'reply' }>): void {
    const attempt = this.#machine.step(step).step.attempts.find((one) => one.number === number)
    const work = this.#workOf(attempt?.agent, attempt?.messageId)
    this.#apply({ kind: 'answered', step, attempt: number })
    if (work?.state === 'asking') this.#proceed(step, work)
  }

  #stop({ step, attempt: number }: Extract<TaskEffect, { kind: 'cancel' }>): void {
    const attempt = this.#machine.step(step).step.attempts.find((one) => one.number === number)
    const work = this.#workOf(attempt?.agent, attempt?.messageId)
    const event = { step, attempt: number }
    const draw = this.#random()
    // It is not heard of again, or nobody knows what it was.
    if (draw < 0.1) return
    if (draw < 0.3 || work === undefined) return this.#apply({ kind: 'canceled', ...event, error: error('AGENT_UNREACHABLE') })
    if (work.state === 'working' || work.state === 'asking') work.state = 'stopped'
    this.#report(event, work)
  }

  #resume(): void {
    this.#resumed = true
    const safe = this.#machine.run.steps.some((step) => step.state === WorkState.FAILED && step.error?.code !== 'OUTCOME_UNKNOWN')
    if (!safe) return
    this.#apply({ kind: 'resume' })
    this.#user()
  }

  /** Somebody who answers what is asked, sooner or later. */
  #user(): void {
    this.#later(500, () => {
      if (isEnded(this.#machine.run.state)) return
      const asking = this.#machine.run.steps.filter(({ state }) => state === WorkState.INPUT_REQUIRED)
      for (const { step } of asking) {
        const still = this.#machine.step(step).step.state === WorkState.INPUT_REQUIRED && !this.#machine.run.cancelRequested
        if (still && this.#odds(0.6)) this.#answer(step)
      }
      this.#user()
    })
  }

  #answer(step: string): void {
    try {
      this.#apply({ kind: 'answer', step, message: message('this') })
    } catch (thrown) {
      // It is being stopped.
      assert.equal((thrown as { code?: string }).code, 'INVALID_ARGUMENT')
    }
  }

  // ---- the agents

  #work(step: string, messageId: string): Work {
    const work: Work = { taskId: `task of ${messageId}`, state: 'working', question: 0, watchers: [] }
    this.#proceed(step, work)
    return work
  }

  #proceed(step: string, work: Work): void {
    work.state = 'working'
    const draw = this.#random()
    // Silent for ever.
    if (draw < 0.06) return
    this.#later(this.#below(2_000), () => {
      if (work.state !== 'working') return
      work.state = draw < 0.2 ? 'asking' : draw < 0.3 ? 'failed' : draw < 0.35 ? 'refused' : 'done'
      if (work.state === 'asking') work.question++
      if (work.state === 'done') this.#done.set(step, (this.#done.get(step) ?? 0) + 1)
      for (const watcher of work.watchers.slice(-1)) watcher()
    })
  }

  #workOf(agent: string | undefined, messageId: string | undefined): Work | undefined {
    return this.#agents.find(({ handle }) => handle === agent)?.works.get(messageId ?? '')
  }

  // ---- what must hold

  #checkNeeds(id: string): void {
    for (const [need, on] of dependenciesOf(this.#machine.step(id).definition)) {
      const { state } = this.#machine.step(need).step
      const wanted = on === NeedState.ENDED ? isEnded(state) : state === (on === NeedState.FAILED ? WorkState.FAILED : WorkState.COMPLETED)
      assert.ok(wanted, `${id} runs, though ${need} is ${state}`)
    }
  }

  #checkParallel(): void {
    const running = this.#machine.run.steps.filter(({ state }) => state === WorkState.IN_PROGRESS).length
    assert.ok(running + this.#assigning.size <= this.#parallel, `${running} run and ${this.#assigning.size} are assigned`)
  }

  #checkEnd(): void {
    const { run } = this.#machine
    assert.ok(isEnded(run.state), 'the run has not ended')
    assert.ok(
      run.steps.every(({ state }) => isEnded(state)),
      'a step has not ended'
    )
    for (const { id, repeatable } of this.#steps) if (!repeatable) assert.ok((this.#done.get(id ?? '') ?? 0) <= 1, `the work of ${id} was done twice`)
    for (const { step, state } of run.steps) if (state === WorkState.COMPLETED) assert.ok((this.#done.get(step) ?? 0) >= 1, `${step} was never done`)
    const steps = run.steps.map((step) => toBinary(StepRunSchema, step))
    assert.deepEqual(this.#kept.steps, steps, 'what is kept is not what is so')
    assert.equal(fromBinary(TaskRunSchema, this.#kept.run).state, run.state)
    const failed = run.steps.filter(({ step, state }) => {
      if (state !== WorkState.FAILED || this.#machine.step(step).definition.allowFailure) return false
      return !run.steps.some((other) => {
        const on = dependenciesOf(this.#machine.step(other.step).definition).get(step)
        return other.state === WorkState.COMPLETED && (on === NeedState.FAILED || on === NeedState.ENDED)
      })
    })
    assert.equal(run.state, run.cancelRequested ? WorkState.CANCELED : failed.length > 0 ? WorkState.FAILED : WorkState.COMPLETED)
  }

  // ---- chance and time

  #dag(size: number): StepInit[] {
    return Array.from({ length: size }, (_, at) => {
      const needs = Array.from({ length: at }, (_, other) => other).filter(() => this.#odds(2 / (at + 1)))
      return {
        id: `s${at}`,
        timeoutMs: 4_000,
        attempts: this.#below(5),
        backoffMs: 200,
        repeatable: this.#odds(0.2),
        allowFailure: this.#odds(0.2),
        needs: needs.map((other) => ({ step: `s${other}`, on: this.#odds(0.7) ? NeedState.COMPLETED : this.#odds(0.5) ? NeedState.FAILED : NeedState.ENDED }))
      }
    })
  }

  /** `own`: by the process that is running now; when that is dead, it does not happen. */
  #at(at: number, happen: () => unknown, own = false): void {
    const process = this.#process
    const order = ++this.#order
    this.#happenings.push({ at, order, happen: () => void ((!own || process === this.#process) && happen()) })
  }

  #later(ms: number, happen: () => unknown, own = false): void {
    this.#at(this.#now + ms, happen, own)
  }

  #odds(part: number): boolean {
    return this.#random() < part
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  #pick<T>(list: readonly T[]): T {
    const one = list[this.#below(list.length)]
    assert.ok(one !== undefined)
    return one
  }
}
