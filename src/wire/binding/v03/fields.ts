import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../../schema/errors.ts'

/** Where in a message of the other version we are, and whose mistake it is when something is wrong there. */
export interface Place {
  readonly path: string
  /** A request is a client's: a field that would be lost is refused. A response is an agent's, which may be newer than we are: such a field is left out. */
  readonly of: 'request' | 'response'
}

export type Convert = (value: JsonValue, place: Place) => JsonValue | undefined

/** What becomes of each field: its name in the other version, and how its value is converted. `undefined`: it has no meaning there and may go. */
export type Fields = Readonly<Record<string, readonly [name: string, convert?: Convert] | undefined>>

/** An object with its fields under their other names. Null is the same as absent. Throws INVALID_ARGUMENT or INVALID_AGENT_RESPONSE naming the field. */
export function translateFields(value: JsonValue, place: Place, fields: Fields): JsonObject {
  const result: JsonObject = {}
  for (const [name, member] of Object.entries(objectAt(value, place))) {
    const at = inside(place, name)
    if (!Object.hasOwn(fields, name)) {
      if (place.of === 'request') throw wrong(at, 'is not known')
      continue
    }
    const field = fields[name]
    if (field === undefined || member === null) continue
    const [renamed, convert] = field
    const converted = convert === undefined ? member : convert(member, at)
    if (converted !== undefined) result[renamed] = converted
  }
  return result
}

export function objectAt(value: JsonValue | undefined, place: Place): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'must be an object')
  return value
}

export function listOf(convert: Convert): Convert {
  return (value, place) => {
    if (!Array.isArray(value)) throw wrong(place, 'must be a list')
    return value.map((item, index) => convert(item, { ...place, path: `${place.path}[${index}]` }) ?? null)
  }
}

/** One word for another. */
export function wordOf(words: Readonly<Record<string, string>>): Convert {
  return (value, place) => {
    const word = typeof value === 'string' && Object.hasOwn(words, value) ? words[value] : undefined
    if (word === undefined) throw wrong(place, 'has a value that is not known')
    return word
  }
}

export function inside(place: Place, name: string): Place {
  return { ...place, path: place.path === '' ? name.slice(0, 80) : `${place.path}.${name.slice(0, 80)}` }
}

export function wrong(place: Place, what: string): HansaError {
  return place.of === 'request'
    ? new HansaError('INVALID_ARGUMENT', `${place.path || 'params'} ${what}`, { field: place.path })
    : new HansaError('INVALID_AGENT_RESPONSE', `the agent answered with ${place.path || 'something'} that ${what}`)
}
