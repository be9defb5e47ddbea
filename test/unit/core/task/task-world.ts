import { create, fromBinary, fromJson, type JsonObject, type JsonValue, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'
import assert from 'node:assert/strict'
import { newRun } from '../../../../src/core/task/new-run.ts'
import type { TaskEffect } from '../../../../src/core/task/task-effect.ts'
import type { AttemptFate, TaskEvent } from '../../../../src/core/task/task-event.ts'
import { TaskMachine } from '../../../../src/core/task/task-machine.ts'
import { stateName } from '../../../../src/core/task/work-state.ts'
import { ErrorDetailSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import {
  type StepOutput,
  StepOutputSchema,
  type StepRun,
  type TaskGraph,
  TaskGraphSchema,
  TaskRunSchema,
  type TaskStep,
  type TaskStepSchema
} from '../../../../src/schema/generated/hansa/v1/task_pb.ts'
import { MessageSchema, PartSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

export type StepInit = Exclude<MessageInitShape<typeof TaskStepSchema>, TaskStep>

export type GraphInit = Exclude<MessageInitShape<typeof TaskGraphSchema>, TaskGraph>

export const value = (json: JsonValue): Value => fromJson(ValueSchema, json)

/** A graph whose steps are for anybody who can do `work`, unless they say otherwise. */
export function graphOf(steps: StepInit[], rest: GraphInit = {}): TaskGraph {
  return create(TaskGraphSchema, { ...rest, steps: steps.map((step) => ({ agent: { capability: 'work' }, ...step })) })
}

export const message = (text: string, messageId = text) =>
  create(MessageSchema, { messageId, parts: [create(PartSchema, { content: { case: 'text', value: text } })] })

export const output = (data?: JsonObject, text = ''): StepOutput => create(StepOutputSchema, { text, data })

export const error = (code: string, text = code.toLowerCase()) => create(ErrorDetailSchema, { code, message: text })

/** A machine with a clock, and words for what happens. */
export class TaskBench {
  machine: TaskMachine
  now = 1_000
  /** Everything that was to be done so far. */
  readonly effects: TaskEffect[] = []
  #messages = 0

  constructor(steps: StepInit[], rest: GraphInit = {}) {
    this.machine = new TaskMachine(newRun(graphOf(steps, rest), { id: 'run', contextId: 'context', now: this.now }))
  }

  apply(event: TaskEvent): string[] {
    const effects = this.machine.apply(event, this.now)
    this.effects.push(...effects)
    return effects.map(told)
  }

  start(): string[] {
    return this.apply({ kind: 'start' })
  }

  /** An agent is found; it honours the key unless said otherwise. */
  assign(step: string, agent = 'a@x.example', idempotent = true): string[] {
    return this.apply({ kind: 'assigned', step, agent, idempotent, messageId: `m${++this.#messages}` })
  }

  complete(step: string, data?: JsonObject, text = ''): string[] {
    return this.apply({ kind: 'completed', step, attempt: this.attempt(step), output: output(data, text) })
  }

  /** Assigned and completed. */
  run(step: string, data?: JsonObject): void {
    this.assign(step)
    this.complete(step, data)
  }

  fail(step: string, fate: AttemptFate, code = 'AGENT_FAILED'): string[] {
    return this.apply({ kind: 'failed', step, attempt: this.attempt(step), fate, error: error(code) })
  }

  later(ms: number): string[] {
    this.now += ms
    return this.apply({ kind: 'tick' })
  }

  /** The process dies; another takes the run from what was kept. */
  restart(): string[] {
    this.machine = new TaskMachine(fromBinary(TaskRunSchema, toBinary(TaskRunSchema, this.machine.run)))
    return this.apply({ kind: 'recover' })
  }

  step(id: string): StepRun {
    const step = this.machine.run.steps.find((one) => one.step === id)
    assert.ok(step !== undefined)
    return step
  }

  attempt(id: string): number {
    return this.step(id).attempts.at(-1)?.number ?? 0
  }

  state(id: string): string {
    return stateName(this.step(id).state)
  }

  /** States of all steps, in the order of the graph. */
  states(): string[] {
    return this.machine.run.steps.map(({ state }) => stateName(state))
  }

  get whole(): string {
    return stateName(this.machine.run.state)
  }
}

/** An effect in a few words: `assign a`, `send a#1`, `wake 2000`. */
export function told(effect: TaskEffect): string {
  switch (effect.kind) {
    case 'assign':
      return `assign ${effect.step}${effect.avoid.length > 0 ? ` not ${effect.avoid.join(' ')}` : ''}`
    case 'send':
      return `${effect.resumed ? 'resend' : 'send'} ${effect.step}#${effect.attempt}`
    case 'reply':
    case 'cancel':
      return `${effect.kind} ${effect.step}#${effect.attempt}`
    case 'wake':
      return `wake ${effect.at}`
    case 'merit':
      return `merit ${effect.agent} ${effect.succeeded ? 'good' : 'bad'} ${effect.ms}`
    case 'ended':
      return 'ended'
  }
}
