import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { type Document, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { type ConfigProblem, formatProblem } from '../config/problem.ts'
import { placeIn } from '../mapping/place-in.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Work } from './work.ts'

/** As much as the admin API takes; a graph of 10,000 steps written by a program has about so much. */
const MAX_SOURCE = 4_000_000

/** Deeper values are no data that somebody meant. */
const MAX_DEPTH = 64

/** Problems that are told at once. */
const MAX_TOLD = 5

export type Path = readonly (string | number)[]

/** A workflow or goal as it was written, before anybody has looked at what it says. */
export interface WorkDocument {
  /** Name of the file, for messages. */
  readonly name: string
  readonly raw: JsonObject
  /** Says where in the file something is wrong; a path that is not there stands for the nearest thing around it. */
  problem(path: Path, message: string): ConfigProblem
}

/** Reads the text as YAML (JSON is YAML), or takes the object. Throws INVALID_ARGUMENT naming file, line and column. */
export function readWork({ source, file, goal }: Work): WorkDocument {
  if ((source === undefined) === (goal === undefined)) throw new HansaError('INVALID_ARGUMENT', 'expected the text of a workflow or goal, or one as an object')
  if (source === undefined) {
    const name = file ?? 'goal'
    const problem = (path: Path, message: string): ConfigProblem => ({ source: name, line: 0, column: 0, key: path.join('.'), message })
    return { name, raw: objectOf(goal, problem), problem }
  }
  return parseText(source, file ?? 'work')
}

/** INVALID_ARGUMENT with the first problems, in the order of the file. */
export function workError(problems: readonly ConfigProblem[]): HansaError {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
  const more = sorted.length > MAX_TOLD ? `; and ${sorted.length - MAX_TOLD} more` : ''
  return new HansaError('INVALID_ARGUMENT', sorted.slice(0, MAX_TOLD).map(formatProblem).join('; ') + more, { key: sorted[0]?.key ?? '' })
}

function parseText(text: string, name: string): WorkDocument {
  const lines = new LineCounter()
  const at = (offset: number, key: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset)
    return { source: name, line: Math.max(line, 1), column: Math.max(col, 1), key, message }
  }
  if (text.length > MAX_SOURCE) throw workError([at(0, '', `expected at most ${MAX_SOURCE} characters`)])
  if (isNested(text)) throw workError([at(0, '', `deeper than ${MAX_DEPTH} levels`)])
  // The parser's own look for keys that are there twice takes quadratic time: seconds for a graph of 10,000 steps.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  if (document.errors.length > 0) throw workError(document.errors.map((error) => at(error.pos[0], '', `not YAML: ${error.message}`)))
  const strange = strangeKeys(document)
  if (strange.length > 0) throw workError(strange.map(({ offset, why }) => at(offset, '', why)))
  let value: unknown
  try {
    // No aliases: they are how a small file becomes a large one.
    value = document.toJS({ maxAliasCount: 0 })
  } catch {
    throw workError([at(0, '', 'expected YAML without aliases (*name)')])
  }
  const problem = (path: Path, message: string): ConfigProblem => at(path.length === 0 ? 0 : placeIn(document, path), path.join('.'), message)
  return { name, raw: objectOf(value, problem), problem }
}

/** True for brackets or dashes inside each other that no value within MAX_DEPTH has: the parser takes seconds for a small text of nothing but them. */
function isNested(text: string): boolean {
  let depth = 0
  for (const sign of text.matchAll(/[[{\]}]/g)) {
    depth = Math.max(0, depth + (sign[0] === '[' || sign[0] === '{' ? 1 : -1))
    if (depth > 2 * MAX_DEPTH) return true
  }
  return /([-?:][ \t]+){65}/.test(text)
}

/** Keys that are no text, and those that their map has had before. */
function strangeKeys(document: Document): { readonly offset: number; readonly why: string }[] {
  const found: { offset: number; why: string }[] = []
  visit(document, {
    Map(_, { items, range }) {
      const seen = new Set<string>()
      for (const { key } of items) {
        const offset = (isNode(key) ? key.range : range)?.[0] ?? 0
        if (!isScalar(key)) found.push({ offset, why: 'a key is not a text' })
        else if (seen.has(String(key.value))) found.push({ offset, why: 'a key is there twice' })
        else seen.add(String(key.value))
      }
    }
  })
  return found
}

/** What is JSON and an object; YAML knows more, such as infinity and keys that are lists. */
function objectOf(value: unknown, problem: WorkDocument['problem']): JsonObject {
  const problems: ConfigProblem[] = []
  const check = (at: unknown, path: Path): void => {
    if (problems.length > MAX_TOLD) return
    if (path.length > MAX_DEPTH) problems.push(problem(path, `deeper than ${MAX_DEPTH} levels`))
    else if (Array.isArray(at)) at.forEach((entry: unknown, index) => check(entry, [...path, index]))
    else if (isPlain(at)) Object.entries(at).forEach(([key, entry]) => check(entry, [...path, key]))
    else if (at !== null && typeof at !== 'string' && typeof at !== 'boolean' && !(typeof at === 'number' && Number.isFinite(at)))
      problems.push(problem(path, 'is no value of JSON'))
  }
  if (!isPlain(value)) throw workError([problem([], 'expected a workflow (steps) or a goal (want)')])
  check(value, [])
  if (problems.length > 0) throw workError(problems)
  return value as Record<string, JsonValue>
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
  )
}
