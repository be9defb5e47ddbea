import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { OutputFile, TaskStep } from '../../schema/generated/hansa/v1/task_pb.ts'
import { jsonOf } from './json-value.ts'
import { type Found, type Known, parseReference, resolveReference } from './reference.ts'
import { fill } from './template.ts'

/** What the agent of a step is sent. */
export interface StepMessage {
  readonly text: string
  /** Inputs by name, as one data part; undefined when there are none. */
  readonly data: JsonObject | undefined
  /** Files of other steps, each a part of its own. */
  readonly files: readonly OutputFile[]
}

/**
 * Puts together what a step says to its agent. In the text, {name} is the input of that name: a text as it is, files by their names, anything else as JSON, an
 * optional one that is missing as nothing.
 */
export function stepMessage(step: TaskStep, known: Known): StepMessage {
  const found = new Map<string, Found>()
  for (const { name, from, value } of step.inputs) {
    const reference = value === undefined ? parseReference(from) : undefined
    const input: Found | undefined =
      value !== undefined ? { kind: 'json', json: jsonOf(value) } : reference === undefined ? undefined : resolveReference(reference, known)
    if (input !== undefined) found.set(name, input)
  }
  const names = new Set(step.inputs.map(({ name }) => name))
  const data: [string, JsonValue][] = []
  const files: OutputFile[] = []
  for (const [name, input] of found) {
    if (input.kind === 'json') data.push([name, input.json])
    else files.push(...input.files)
  }
  return {
    text: fill(step.text, (name) => (names.has(name) ? shown(found.get(name)) : undefined)) || step.title || step.agent?.capability || step.id,
    data: data.length === 0 ? undefined : Object.fromEntries(data),
    files
  }
}

function shown(input: Found | undefined): string {
  if (input === undefined) return ''
  if (input.kind === 'files') return input.files.map(({ name }) => name).join(', ')
  return typeof input.json === 'string' ? input.json : JSON.stringify(input.json)
}
