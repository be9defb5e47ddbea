// Terminals obey control characters, and bidirectional overrides make a text read as another one.
const DANGEROUS = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A value for people to read, in which no stranger's text can move the cursor, hide a line or speak to the terminal. Line breaks and tabs stay. */
export function clean<T>(value: T): T {
  if (typeof value === 'string') return value.replace(DANGEROUS, (character) => (character === '\n' || character === '\t' ? character : '\ufffd')) as T
  if (Array.isArray(value)) return value.map(clean) as T
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [clean(key), clean(inner)])) as T
  return value
}
