import type { JsonValue } from '@bufbuild/protobuf'

/** One {{/pointer}}; with ? behind it (as {{/data/note?}}) the value may be missing. */
export interface Insertion {
  /** JSON Pointer (RFC 6901) in its pieces; empty for the whole. */
  readonly pointer: readonly string[]
  readonly optional: boolean
}

/** Text with insertions. */
export type Template = readonly (string | Insertion)[]

/** A JSON value whose texts are templates. */
export type TreeTemplate =
  | { readonly template: Template }
  | { readonly value: JsonValue }
  | { readonly list: readonly TreeTemplate[] }
  | { readonly map: readonly (readonly [string, TreeTemplate])[] }

/** What an insertion asked for was not there, or was no single value where one is wanted. The caller says whose fault that is. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  /** As it is written, without braces. */
  readonly pointer: string

  constructor(pointer: readonly string[], why: string) {
    const written = writePointer(pointer)
    super(`${written || 'the whole'} ${why}`)
    this.pointer = written
  }
}

const INSERTION = /\{\{([^{}]{0,300})\}\}/g

/** Throws SyntaxError. */
export function compileTemplate(text: string): Template {
  const made: (string | Insertion)[] = []
  let end = 0
  for (const match of text.matchAll(INSERTION)) {
    if (match.index > end) made.push(text.slice(end, match.index))
    made.push(compileInsertion((match[1] ?? '').trim()))
    end = match.index + match[0].length
  }
  if (end < text.length) made.push(text.slice(end))
  for (const piece of made)
    if (typeof piece === 'string' && piece.includes('{{')) throw new SyntaxError('a {{ that does not end with }}, or a pointer that is none')
  return made
}

/** A pointer as it stands in an answer's rule: /a/b, or with ? at its end. Throws SyntaxError. */
export function compileInsertion(text: string): Insertion {
  const optional = text.endsWith('?')
  return { pointer: compilePointer(optional ? text.slice(0, -1) : text), optional }
}

/** Throws SyntaxError. */
export function compilePointer(text: string): string[] {
  if (text === '') return []
  if (!text.startsWith('/')) throw new SyntaxError(`a pointer begins with /, as /data/nights: ${JSON.stringify(text.slice(0, 60))}`)
  return text
    .slice(1)
    .split('/')
    .map((piece) => piece.replace(/~1/g, '/').replace(/~0/g, '~'))
}

export function compileTree(value: JsonValue): TreeTemplate {
  if (typeof value === 'string') return { template: compileTemplate(value) }
  if (typeof value !== 'object' || value === null) return { value }
  if (Array.isArray(value)) return { list: value.map(compileTree) }
  return { map: Object.entries(value).map(([key, item]) => [key, compileTree(item)] as const) }
}

export function insertionsOf(tree: TreeTemplate): Insertion[] {
  if ('template' in tree) return tree.template.filter((piece) => typeof piece !== 'string')
  if ('list' in tree) return tree.list.flatMap(insertionsOf)
  return 'map' in tree ? tree.map.flatMap(([, item]) => insertionsOf(item)) : []
}

/** The value at a pointer, or undefined. */
export function at(scope: JsonValue, pointer: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = scope
  for (const piece of pointer) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) value = /^(0|[1-9]\d{0,8})$/.test(piece) ? value[Number(piece)] : undefined
    else value = Object.hasOwn(value, piece) ? value[piece] : undefined
  }
  return value
}

/** Text, each inserted value through `encode`; undefined when nothing but a missing optional value makes it. Throws TemplateError. */
export function renderText(template: Template, scope: JsonValue, encode: (text: string) => string = (text) => text): string | undefined {
  let only = template.length > 0
  let text = ''
  for (const piece of template) {
    if (typeof piece === 'string') {
      only = false
      text += piece
      continue
    }
    const value = find(piece, scope)
    if (value === undefined) continue
    only = false
    if (typeof value === 'object') throw new TemplateError(piece.pointer, 'is not a text, a number, true or false')
    text += encode(String(value))
  }
  return only ? undefined : text
}

/** JSON: a text that is one insertion and nothing else keeps the type of the value; missing optional values are left out. Throws TemplateError. */
export function renderTree(tree: TreeTemplate, scope: JsonValue): JsonValue | undefined {
  if ('value' in tree) return tree.value
  if ('list' in tree) return tree.list.flatMap((item) => [renderTree(item, scope)].filter((value) => value !== undefined))
  if ('map' in tree) return Object.fromEntries(tree.map.flatMap(([key, item]) => [[key, renderTree(item, scope)] as const].filter(isThere)))
  const [first, ...rest] = tree.template
  if (first === undefined) return ''
  return rest.length === 0 && typeof first !== 'string' ? find(first, scope) : renderText(tree.template, scope)
}

function isThere(entry: readonly [string, JsonValue | undefined]): entry is readonly [string, JsonValue] {
  return entry[1] !== undefined
}

function find({ pointer, optional }: Insertion, scope: JsonValue): JsonValue | undefined {
  const value = at(scope, pointer)
  if (value === undefined && !optional) throw new TemplateError(pointer, 'is missing')
  return value
}

export function writePointer(pointer: readonly string[]): string {
  return pointer.map((piece) => `/${piece.replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')
}
