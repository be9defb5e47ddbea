const FACT = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A name of something that a skill needs or puts out: lower-case letters, digits and dashes, 1 to 63 of them, such as flight-confirmation. It is a key of data parts
 * and a name in references, where a dot leads further down; so it has none.
 */
export function isFact(text: string): boolean {
  return FACT.test(text)
}
