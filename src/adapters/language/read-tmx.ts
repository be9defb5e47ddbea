import { setImmediate } from 'node:timers/promises'
import { XMLParser } from 'fast-xml-parser'
import { isLanguage } from '../../core/ids/language-tag.ts'
import { HansaError } from '../../schema/errors.ts'
import { MAX_SEGMENT, MAX_UNITS, type Unit } from './unit.ts'

/** A node in document order: one key that is its name, and attributes beside it. */
type Ordered = Readonly<Record<string, unknown>>

const ATTRIBUTES = ':@'
/** One unit in all its languages, with notes. UTF-16 units. */
const MAX_TU = 1024 * 1024
/** Units read between two turns of the event loop. */
const AT_ONCE = 500

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  preserveOrder: true,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: { enabled: true, maxEntityCount: 0 },
  htmlEntities: true
})

/**
 * Units (with one language or more) of a TMX 1.4 file, one after the other, so that a large file takes neither its size in objects nor the event loop. No entities of
 * its own: nothing in it can grow. The codes of inline elements (bpt, ph, ...) stay in the text. Throws CONFIG_INVALID.
 */
export async function readTmx(text: string): Promise<Unit[]> {
  if (/<!DOCTYPE[^>]*\[|<!ENTITY/i.test(text.slice(0, 100_000))) throw wrong('it declares entities of its own')
  const whole = withoutComments(text)
  const head = /^\uFEFF?\s*(?:<\?xml[^>]{0,200}\?>)?\s*(?:<!DOCTYPE[^>[]{0,500}>)?\s*<tmx[\s>]/.exec(whole)
  if (head === null || !/<\/tmx>\s*$/.test(whole.slice(-1000)) || !whole.includes('<body>')) throw wrong('it has no <tmx><body>, or is not whole')
  const units: Unit[] = []
  let count = 0
  let at = whole.indexOf('<body>')
  for (;;) {
    const start = nextTu(whole, at)
    if (start < 0) break
    const end = whole.indexOf('</tu>', start)
    if (end < 0 || end - start > MAX_TU) throw wrong(`unit ${count + 1} does not end`)
    if (++count > MAX_UNITS) throw wrong(`it has more than ${MAX_UNITS} units`)
    at = end + '</tu>'.length
    const unit = readTu(whole.slice(start, at), count)
    if (unit.size > 0) units.push(unit)
    if (count % AT_ONCE === 0) await setImmediate()
  }
  return units
}

function nextTu(text: string, from: number): number {
  let at = text.indexOf('<tu', from)
  // <tuv outside of a unit is passed over.
  while (at >= 0 && !/[\s>]/.test(text.charAt(at + 3))) at = text.indexOf('<tu', at + 3)
  return at
}

function withoutComments(text: string): string {
  const parts: string[] = []
  let at = 0
  for (let start = text.indexOf('<!--'); start >= 0; start = text.indexOf('<!--', at)) {
    const end = text.indexOf('-->', start + 4)
    if (end < 0) throw wrong('a comment does not end')
    parts.push(text.slice(at, start))
    at = end + 3
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(at)
}

function readTu(xml: string, number: number): Unit {
  let nodes: unknown
  try {
    nodes = parser.parse(xml, true)
  } catch (cause) {
    throw wrong(`unit ${number}: ${cause instanceof Error ? cause.message.slice(0, 200) : 'no XML'}`, cause)
  }
  const unit = new Map<string, string>()
  for (const tu of named(nodes, 'tu'))
    for (const tuv of named(tu['tu'], 'tuv')) {
      const attributes = (tuv[ATTRIBUTES] ?? {}) as Readonly<Record<string, unknown>>
      const language = attributes['xml:lang'] ?? attributes['lang']
      const [segment] = named(tuv['tuv'], 'seg')
      const words = segment === undefined ? '' : textOf(segment['seg']).trim()
      if (typeof language === 'string' && isLanguage(language) && words !== '' && words.length <= MAX_SEGMENT) unit.set(language, words)
    }
  return unit
}

function named(nodes: unknown, name: string): Ordered[] {
  return Array.isArray(nodes) ? nodes.filter((node): node is Ordered => typeof node === 'object' && node !== null && Object.hasOwn(node, name)) : []
}

function textOf(nodes: unknown): string {
  if (!Array.isArray(nodes)) return ''
  return (nodes as Ordered[])
    .map((node) => {
      const text = node['#text']
      return typeof text === 'string'
        ? text
        : Object.keys(node)
            .map((name) => (name === ATTRIBUTES ? '' : textOf(node[name])))
            .join('')
    })
    .join('')
}

function wrong(why: string, cause?: unknown): HansaError {
  return new HansaError('CONFIG_INVALID', `not a translation memory (TMX): ${why}`, {}, cause)
}
