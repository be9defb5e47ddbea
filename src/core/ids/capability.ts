import { HansaError } from '../../schema/errors.ts'
import { quote } from './domain.ts'

const SEGMENT = /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/

/** A lower-case path of 1 to 8 segments, most general first, at most 200 characters: travel/flight-booking. */
export function isCapability(text: string): boolean {
  const segments = text.split('/')
  return text.length <= 200 && segments.length <= 8 && segments.every((segment) => SEGMENT.test(segment))
}

export function parseCapability(text: string): string {
  if (!isCapability(text))
    throw new HansaError('INVALID_ARGUMENT', `not a capability: ${quote(text)}; a lower-case path such as travel/flight-booking is wanted`)
  return text
}

/** The path and all its prefixes, most general first: travel, travel/flight-booking. */
export function ancestors(capability: string): string[] {
  const segments = capability.split('/')
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'))
}

/** True when somebody who asks for `wanted` is served by `offered`: the same path or one below it. */
export function covers(wanted: string, offered: string): boolean {
  return offered === wanted || offered.startsWith(wanted + '/')
}
