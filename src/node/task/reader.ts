import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { parseDuration } from '../config/units.ts'
import type { ConfigProblem } from '../config/problem.ts'
import type { Path, WorkDocument } from './read-work.ts'

/** Problems beyond these are not looked for. */
const MAX_PROBLEMS = 100

/**
 * Reads values out of a document by what is expected of them. What is not as expected becomes a problem with its place, and a harmless value goes on in its stead,
 * so that all problems of a file are found at once.
 */
export class Reader {
  readonly problems: ConfigProblem[] = []
  readonly #document: WorkDocument

  constructor(document: WorkDocument) {
    this.#document = document
  }

  refuse(path: Path, message: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(this.#document.problem(path, message))
  }

  /** Members of a map; names that are not among `known` are problems. */
  map(value: JsonValue | undefined, path: Path, known?: readonly string[]): JsonObject {
    if (!isObject(value)) {
      if (value !== undefined) this.refuse(path, `expected a map, got ${show(value)}`)
      return {}
    }
    for (const key of known === undefined ? [] : Object.keys(value)) {
      if (known?.includes(key) === true) continue
      const near = known?.find((name) => plain(name) === plain(key))
      this.refuse([...path, key], `unknown key; ${near === undefined ? `expected one of ${known?.join(', ') ?? ''}` : `did you mean ${near}?`}`)
    }
    return value
  }

  text(value: JsonValue | undefined, path: Path, max: number): string {
    if (value === undefined) return ''
    if (typeof value === 'string' && value.length <= max) return value
    this.refuse(path, typeof value === 'string' ? `expected at most ${max} characters, got ${value.length}` : `expected a text, got ${show(value)}`)
    return ''
  }

  flag(value: JsonValue | undefined, path: Path): boolean {
    if (value === undefined || typeof value === 'boolean') return value ?? false
    this.refuse(path, `expected true or false, got ${show(value)}`)
    return false
  }

  /** 0 when it is not there. */
  count(value: JsonValue | undefined, path: Path, max: number): number {
    if (value === undefined) return 0
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value
    this.refuse(path, `expected a number from 1 to ${max}, got ${show(value)}`)
    return 0
  }

  /** Milliseconds; 0 when it is not there. */
  duration(value: JsonValue | undefined, path: Path, max: number, most: string): number {
    if (value === undefined) return 0
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    if (ms !== undefined && ms >= 1 && ms <= max) return ms
    this.refuse(path, `expected a duration such as 500ms, 30s or 10m, at most ${most}, got ${show(value)}`)
    return 0
  }

  /** A list without repetitions; one text stands for a list of it. */
  list(value: JsonValue | undefined, path: Path, fits: (text: string) => boolean, what: string, max: number): string[] {
    if (value === undefined) return []
    const entries = Array.isArray(value) ? value : [value]
    if (entries.length > max) this.refuse(path, `expected at most ${max} entries, got ${entries.length}`)
    return entries.slice(0, max).flatMap((entry, index) => {
      const at = Array.isArray(value) ? [...path, index] : path
      if (typeof entry !== 'string' || !fits(entry)) this.refuse(at, `expected ${what}, got ${show(entry)}`)
      else if (entries.indexOf(entry) !== index) this.refuse(at, `${show(entry)} is there twice`)
      else return [entry]
      return []
    })
  }

  /** A text of a kind; empty when it is not there. */
  word(value: JsonValue | undefined, path: Path, fits: (text: string) => boolean, what: string): string {
    if (value === undefined) return ''
    if (typeof value === 'string' && fits(value)) return value
    this.refuse(path, `expected ${what}, got ${show(value)}`)
    return ''
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as it was given, short and without anything that could disturb a terminal. */
export function show(value: JsonValue): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[-_]/g, '')
}
