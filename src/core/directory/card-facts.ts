import { HansaError } from '../../schema/errors.ts'
import { quote } from '../ids/domain.ts'
import { EXTENSIONS } from '../ids/extension-uris.ts'
import { type CardSkill, readFactsExtension, type SkillFactsRead } from './facts-extension.ts'

/** Extensions of a record: those that somebody reads are few, and each is carried by the DHT. */
export const EXTENSION_BOUNDS = { count: 32, length: 256 } as const

/** What the directory takes from an agent's A2A card. */
export interface CardFacts {
  readonly streaming: boolean
  /** URIs of all extensions. At most 32, of at most 256 characters. */
  readonly extensions: readonly string[]
  /** Skills that say what they take and put out. */
  readonly skills: readonly SkillFactsRead[]
}

/**
 * Reads a card (JSON, exact bytes) of an agent with these capabilities. Throws INVALID_ARGUMENT when it is no JSON object, and for an extension that is malformed,
 * naming it.
 */
export function readCardFacts(card: Uint8Array, capabilities: readonly string[]): CardFacts {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(card))
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', 'the card is not JSON in UTF-8', {}, cause)
  }
  if (!isObject(value)) throw new HansaError('INVALID_ARGUMENT', 'the card is JSON, but no object')
  const features = isObject(value['capabilities']) ? value['capabilities'] : {}
  const extensions = extensionsOf(features['extensions'] ?? [])
  const facts = extensions.filter(({ uri }) => uri === EXTENSIONS.facts)
  if (facts.length > 1) throw new HansaError('INVALID_ARGUMENT', `the card has the extension ${EXTENSIONS.facts} twice`, { extension: EXTENSIONS.facts })
  return {
    streaming: features['streaming'] === true,
    extensions: [...new Set(extensions.map(({ uri }) => uri))],
    skills: facts.flatMap(({ params }) => readFactsExtension(params, skillsOf(value['skills']), capabilities))
  }
}

function extensionsOf(value: unknown): { readonly uri: string; readonly params: unknown }[] {
  if (!Array.isArray(value)) throw new HansaError('INVALID_ARGUMENT', 'the extensions of the card are not a list')
  if (value.length > EXTENSION_BOUNDS.count)
    throw new HansaError('INVALID_ARGUMENT', `the card has ${value.length} extensions; at most ${EXTENSION_BOUNDS.count} are allowed`)
  return value.map((extension: unknown) => {
    const uri = isObject(extension) ? extension['uri'] : undefined
    if (typeof uri !== 'string' || !isExtensionUri(uri))
      throw new HansaError('INVALID_ARGUMENT', `not allowed as the URI of an extension of the card: ${quote(String(uri))}`)
    return { uri, params: isObject(extension) ? extension['params'] : undefined }
  })
}

/** Visible characters of ASCII (RFC 3986), at most 256: it is shown on terminals. */
export function isExtensionUri(text: string): boolean {
  return text.length <= EXTENSION_BOUNDS.length && /^[!-~]+$/.test(text)
}

/** Those that have an ID; what else a card says of them is not the directory's to judge. */
function skillsOf(value: unknown): CardSkill[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).flatMap((skill) => {
    if (!isObject(skill) || typeof skill['id'] !== 'string') return []
    const tags = Array.isArray(skill['tags']) ? (skill['tags'] as unknown[]) : []
    return [{ id: skill['id'], tags: tags.filter((tag) => typeof tag === 'string') }]
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
