import { fromJson, type JsonObject, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { parseReference, type Reference } from '../../core/task/reference.ts'
import type { StepInputSchema } from '../../schema/generated/hansa/v1/task_pb.ts'
import type { Path } from './read-work.ts'
import { isObject, type Reader, show } from './reader.ts'

/** Names of inputs, of results and of what is given: they stand in references, between dots, and in the braces of texts. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/

/** What references may lead to. */
export interface Scope {
  readonly given: JsonObject
  /** IDs. */
  readonly steps: ReadonlySet<string>
}

/** Names with values. */
export function readGiven(reader: Reader, value: JsonValue | undefined, path: Path): JsonObject {
  const given = reader.map(value, path)
  for (const name of Object.keys(given)) checkName(reader, name, [...path, name])
  return given
}

/**
 * Inputs of a step, or results: NAME: REFERENCE, or { from: REFERENCE, optional: true }, or { value: ANYTHING }.
 * @param complete what is given must be there, unless the input is optional
 */
export function readInputs(
  reader: Reader,
  value: JsonValue | undefined,
  path: Path,
  scope: Scope,
  complete: boolean
): MessageInitShape<typeof StepInputSchema>[] {
  return Object.entries(reader.map(value, path)).map(([name, said]) => {
    const at = [...path, name]
    checkName(reader, name, at)
    if (!isObject(said)) return { name, from: readReference(reader, said, at, scope, complete) }
    const { from, value: fixed, optional } = reader.map(said, at, ['from', 'value', 'optional'])
    if ((from === undefined) === (fixed === undefined)) reader.refuse(at, 'expected from or value')
    if (fixed !== undefined) {
      if (optional !== undefined) reader.refuse([...at, 'optional'], 'a value that is said is there')
      return { name, value: fromJson(ValueSchema, fixed) }
    }
    const lax = reader.flag(optional, [...at, 'optional'])
    return { name, from: readReference(reader, from, [...at, 'from'], scope, complete && !lax), optional: lax }
  })
}

/** A reference that leads somewhere; empty when it does not. */
export function readReference(reader: Reader, value: JsonValue | undefined, path: Path, scope: Scope, complete: boolean): string {
  if (value === undefined) return ''
  const reference = typeof value === 'string' ? parseReference(value) : undefined
  if (typeof value !== 'string' || reference === undefined) {
    const instead = isObject(value) ? '' : `; a value of its own is said as { value: ${show(value)} }`
    reader.refuse(path, `expected a reference such as given.NAME, steps.ID.text or steps.ID.data.NAME, got ${show(value)}${instead}`)
    return ''
  }
  const why = leadsNowhere(reference, scope, complete)
  if (why !== undefined) reader.refuse(path, why)
  return why === undefined ? value : ''
}

function leadsNowhere(reference: Reference, { given, steps }: Scope, complete: boolean): string | undefined {
  if (reference.of === 'step') return steps.has(reference.step) ? undefined : `there is no step ${show(reference.step)}`
  if (!complete || Object.hasOwn(given, reference.name)) return undefined
  return `nothing is given as ${show(reference.name)}; give it, or say { from: given.${reference.name}, optional: true }`
}

function checkName(reader: Reader, name: string, path: Path): void {
  if (!NAME.test(name)) reader.refuse(path, `not a name: ${show(name)}; 1 to 63 letters, digits, _ and - are wanted`)
}
