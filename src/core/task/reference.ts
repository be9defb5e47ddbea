import type { JsonValue } from '@bufbuild/protobuf'
import type { Value } from '@bufbuild/protobuf/wkt'
import type { OutputFile, StepRun } from '../../schema/generated/hansa/v1/task_pb.ts'
import { jsonOf } from './json-value.ts'

/** Where a value comes from: given.NAME[.PATH], steps.ID.text, steps.ID.data[.PATH], steps.ID.files, steps.ID.agent. */
export type Reference =
  | { readonly of: 'given'; readonly name: string; readonly path: readonly string[] }
  | { readonly of: 'step'; readonly step: string; readonly part: 'text' | 'data' | 'files' | 'agent'; readonly path: readonly string[] }

/** What references are resolved against. */
export interface Known {
  readonly given: Readonly<Record<string, Value>>
  step(id: string): StepRun | undefined
}

/** What a reference leads to: JSON, or the files of a step. */
export type Found = { readonly kind: 'json'; readonly json: JsonValue } | { readonly kind: 'files'; readonly files: readonly OutputFile[] }

/** A reference is short: longer ones are refused before they are taken apart. */
const MAX_LENGTH = 512

const PARTS = ['text', 'data', 'files', 'agent'] as const

/** undefined when `text` is no reference. Names in a path have no dots; only data and given values have a path below them. */
export function parseReference(text: string): Reference | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const [of, name = '', ...rest] = text.split('.')
  if (name === '' || rest.includes('')) return undefined
  if (of === 'given') return { of, name, path: rest }
  const [word, ...path] = rest
  const part = PARTS.find((known) => known === word)
  if (of !== 'steps' || part === undefined || (part !== 'data' && path.length > 0)) return undefined
  return { of: 'step', step: name, part, path }
}

/**
 * What the reference leads to; undefined when it is missing: no such name, a path that ends early, a step that has put out nothing (yet). Of objects only their
 * own members are seen, of lists their entries by index. A step without files has missing files, not an empty list; likewise an empty text is missing.
 */
export function resolveReference(reference: Reference, known: Known): Found | undefined {
  if (reference.of === 'given') return json(below(Object.hasOwn(known.given, reference.name) ? jsonOf(known.given[reference.name]) : undefined, reference.path))
  const step = known.step(reference.step)
  const output = step?.output
  switch (reference.part) {
    case 'agent':
      return json(step?.attempts.findLast(({ agent }) => agent !== '')?.agent)
    case 'text':
      return json(output?.text === '' ? undefined : output?.text)
    case 'data':
      return json(below(output?.data, reference.path))
    case 'files':
      return output === undefined || output.files.length === 0 ? undefined : { kind: 'files', files: output.files }
  }
}

function json(value: JsonValue | undefined): Found | undefined {
  return value === undefined ? undefined : { kind: 'json', json: value }
}

function below(value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    if (Array.isArray(at)) at = /^(0|[1-9][0-9]{0,8})$/.test(key) ? at[Number(key)] : undefined
    else at = Object.hasOwn(at, key) ? at[key] : undefined
  }
  return at
}
