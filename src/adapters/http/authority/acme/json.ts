import { malformed } from './problem.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** One JSON object. Throws malformed, naming `what`. */
export function parseObject(text: string, what: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed(`${what} is not JSON`)
  }
  return asObject(value, what)
}

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${what} is no JSON object`)
  return value as JsonObject
}

/** A text of at most `most` characters. */
export function textOf(value: unknown, what: string, most: number): string {
  if (typeof value !== 'string') throw malformed(`${what} is missing or no text`)
  if (value.length > most) throw malformed(`${what} has more than ${most} characters`)
  return value
}

/** Bytes of base64url without padding (RFC 7515 2); only one writing of each is taken. */
export function bytesOf(value: unknown, what: string, most: number): Uint8Array {
  const text = textOf(value, what, Math.ceil((most * 4) / 3))
  const bytes = Buffer.from(text, 'base64url')
  if (!/^[A-Za-z0-9_-]*$/.test(text) || bytes.toString('base64url') !== text) throw malformed(`${what} is not base64url`)
  return new Uint8Array(bytes)
}
