import { XMLParser } from 'fast-xml-parser'
import { isLanguage } from '../../core/ids/language-tag.ts'
import { HansaError } from '../../schema/errors.ts'
import { MAX_SEGMENT, MAX_UNITS, type Unit } from './unit.ts'

interface Node {
  readonly [name: string]: unknown
}

/**
 * Units of a TMX 1.4 file. No document type and no entities of its own: nothing in it can grow. Units in which fewer than two languages say something are passed over.
 * Throws CONFIG_INVALID.
 */
export function readTmx(text: string): Unit[] {
  if (/<!DOCTYPE[^>]*\[/i.test(text.slice(0, 10_000))) throw wrong('it declares entities of its own')
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    trimValues: false,
    parseTagValue: false,
    parseAttributeValue: false,
    stopNodes: [],
    isArray: (name) => name === 'tu' || name === 'tuv'
  })
  let document: Node
  try {
    document = parser.parse(text, true) as Node
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message.slice(0, 200) : 'it is no XML', cause)
  }
  const body = child(child(document, 'tmx'), 'body')
  if (body === undefined) throw wrong('it has no <tmx><body>')
  const tus = list(body['tu'])
  if (tus.length > MAX_UNITS) throw wrong(`it has ${tus.length} units; at most ${MAX_UNITS} are taken`)
  return tus.flatMap((tu) => {
    const unit = new Map<string, string>()
    for (const tuv of list(tu['tuv'])) {
      const language = tuv['@xml:lang'] ?? tuv['@lang']
      const segment = words(tuv['seg']).trim()
      if (typeof language === 'string' && isLanguage(language) && segment !== '' && segment.length <= MAX_SEGMENT) unit.set(language, segment)
    }
    return unit.size > 1 ? [unit] : []
  })
}

/** The words of a segment; inline elements (bpt, ph, hi, ...) are passed over, what they hold as text is kept. */
function words(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  const text = (value as Node)['#text']
  return typeof text === 'string' ? text : ''
}

function child(of: Node | undefined, name: string): Node | undefined {
  const found = of?.[name]
  return typeof found === 'object' && found !== null ? (found as Node) : undefined
}

function list(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter((each): each is Node => typeof each === 'object' && each !== null) : []
}

function wrong(why: string, cause?: unknown): HansaError {
  return new HansaError('CONFIG_INVALID', `not a translation memory (TMX): ${why}`, {}, cause)
}
