// Made once: there are several for each certificate.
const TEXT = new TextDecoder()
const BYTES = new TextEncoder()

/** A row of the ACA's tables, as JSON. */
export function encodeRow(value: unknown): Uint8Array {
  return BYTES.encode(JSON.stringify(value))
}

/** The rows are our own: the store checks their integrity, and nobody else writes them. */
export function decodeRow<T>(bytes: Uint8Array): T {
  return JSON.parse(TEXT.decode(bytes)) as T
}
