import { isMap, isNode, isPair, LineCounter, parse as parseYaml, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { type Config, configSchema } from './schema.ts'
import type { ConfigProblem } from './problem.ts'
import { isSection, type Setting, settingAt, settings } from './settings.ts'

/** Nobody writes a longer one by hand; a parser fed with more is being attacked. */
export const MAX_CONFIG_BYTES = 1024 * 1024

/** Where a value comes from. */
export type Origin = { readonly from: 'default' } | { readonly from: 'file'; readonly line: number } | { readonly from: 'env' }

export interface ConfigReading {
  /** Present when there is no problem. */
  readonly config?: Config
  readonly problems: readonly ConfigProblem[]
  /** What was written, by dotted key of the setting; after the environment had its say. */
  readonly written: ReadonlyMap<string, unknown>
  readonly origins: ReadonlyMap<string, Origin>
}

type Plain = Record<string, unknown>

/**
 * Reads config.yaml. Never throws: all problems are listed at once, each with its line and column.
 * @param file name for messages
 * @param env HANSA_... variables override keys: a text as it is, a list as a,b,c or [a, b], anything else as YAML
 */
export function readConfig(text: string, file: string, env: Readonly<Record<string, string | undefined>> = {}): ConfigReading {
  const lines = new LineCounter()
  const problemAt = (offset: number, key: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset)
    return { source: file, line: Math.max(line, 1), column: Math.max(col, 1), key, message }
  }
  const none = { written: new Map<string, unknown>(), origins: new Map<string, Origin>() }
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES)
    return { ...none, problems: [{ source: file, line: 1, column: 1, key: '', message: `expected at most ${MAX_CONFIG_BYTES} bytes` }] }

  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) {
    return { ...none, problems: document.errors.map((error) => problemAt(error.pos[0], '', `not YAML: ${error.message}`)) }
  }
  let raw: unknown
  try {
    // No aliases: there is nothing to repeat in a config, and they are how a small file becomes a large one.
    raw = document.toJS({ maxAliasCount: 0 }) ?? {}
  } catch {
    return { ...none, problems: [problemAt(0, '', 'expected YAML without aliases (*name)')] }
  }
  if (typeof raw !== 'object' || Array.isArray(raw)) return { ...none, problems: [problemAt(0, '', 'expected a map of settings')] }

  const value = withoutEmptySections(raw as Plain, [])
  const origins = new Map<string, Origin>()
  for (const setting of settings) {
    const given = document.getIn(setting.path, true)
    if (isNode(given)) origins.set(setting.path.join('.'), { from: 'file', line: lines.linePos(given.range?.[0] ?? 0).line })
    const fromEnv = env[setting.env]
    if (fromEnv === undefined) continue
    put(value, setting.path, fromEnvironment(fromEnv, setting))
    origins.set(setting.path.join('.'), { from: 'env' })
  }

  const result = configSchema.safeParse(value)
  const written = new Map<string, unknown>()
  for (const setting of settings) {
    const given = get(value, setting.path)
    if (given !== undefined) written.set(setting.path.join('.'), given)
  }
  if (result.success) return { config: result.data, problems: [], written, origins }

  const problems = result.error.issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => problemAt(keyOffset(document, [...issue.path, key]), [...issue.path, key].join('.'), unknownKey(issue.path, key)))
    const setting = settingAt(issue.path)
    const key = issue.path.join('.')
    const given = get(value, issue.path)
    const expected = issue.code === 'custom' && issue.message !== 'Invalid input' ? issue.message : (setting?.expected ?? 'a map')
    const message = given === undefined ? `missing; expected ${expected}` : `expected ${expected}, got ${show(given)}`
    if (setting !== undefined && origins.get(setting.path.join('.'))?.from === 'env') return [{ source: setting.env, line: 0, column: 0, key, message }]
    return [problemAt(valueOffset(document, issue.path), key, message)]
  })
  return { problems: problems.sort((a, b) => a.line - b.line || a.column - b.column), written, origins }
}

/** Variables that look like settings but are none: most often a slip of the pen. They are only warned of, since container platforms invent such names. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(['HANSA_HOME', 'HANSA_ROOT_PASSPHRASE_FILE', ...settings.map((setting) => setting.env)])
  return Object.keys(env).filter((name) => name.startsWith('HANSA_') && !known.has(name))
}

function fromEnvironment(text: string, setting: Setting): unknown {
  const fits = (candidate: unknown): boolean => z.safeParse(setting.schema, candidate).success
  if (fits(text)) return text
  const list = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  if (fits(list)) return list
  try {
    const parsed: unknown = parseYaml(text, { maxAliasCount: 0 })
    return fits(parsed) || typeof parsed !== 'string' ? parsed : text
  } catch {
    return text
  }
}

/** `swarm:` with nothing below it means the defaults. */
function withoutEmptySections(value: Plain, path: readonly string[]): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      if (!isSection([...path, key])) return [key, child]
      if (child === null) return [key, {}]
      return [key, typeof child === 'object' && !Array.isArray(child) ? withoutEmptySections(child as Plain, [...path, key]) : child]
    })
  )
}

function get(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value
  )
}

function put(value: Plain, path: readonly string[], given: unknown): void {
  const [key, ...rest] = path
  if (key === undefined) return
  if (rest.length === 0) value[key] = given
  else {
    const child = value[key]
    const inner: Plain = typeof child === 'object' && child !== null && !Array.isArray(child) ? (child as Plain) : {}
    value[key] = inner
    put(inner, rest, given)
  }
}

/** Start of a value, or of the nearest thing around it that is there. */
function valueOffset(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(node)) return node.range?.[0] ?? 0
  }
  return 0
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return 0
  const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(path.at(-1)))
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const known = settings
    .filter((setting) => setting.path.length > path.length && path.every((part, index) => setting.path[index] === part))
    .map((setting) => setting.path[path.length] ?? '')
  const inside = known.length > 0 ? [...new Set(known)] : ['roots', 'aca']
  const near = inside.find((name) => name.toLowerCase() === key.toLowerCase().replace(/[-_]/g, ''))
  return `unknown key; ${near === undefined ? `expected one of ${inside.join(', ')}` : `did you mean ${near}?`}`
}

/** A value as it was given, short and without anything that could disturb a terminal. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
