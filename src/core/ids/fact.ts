/** Longest name: it stands in records that a DHT value must hold. */
const MAX_FACT = 64

const FACT = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/

/** A name of something that a skill needs or puts out: lower-case letters, digits, dashes and dots, 1 to 64 of them, such as flight-confirmation. */
export function isFact(text: string): boolean {
  return text.length <= MAX_FACT && FACT.test(text)
}
