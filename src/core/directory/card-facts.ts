import { HansaError } from '../../schema/errors.ts'

/** What the directory takes from an agent's A2A card. */
export interface CardFacts {
  readonly streaming: boolean
}

/** Reads a card (JSON, exact bytes). Throws INVALID_ARGUMENT when it is no JSON object. */
export function readCardFacts(card: Uint8Array): CardFacts {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(card))
  } catch (cause) {
    throw new HansaError('INVALID_ARGUMENT', 'the card is not JSON in UTF-8', {}, cause)
  }
  if (!isObject(value)) throw new HansaError('INVALID_ARGUMENT', 'the card is JSON, but no object')
  const { capabilities } = value
  return { streaming: isObject(capabilities) && capabilities['streaming'] === true }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
