/** A row of the ACA's tables, as JSON. */
export function encodeRow(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** The rows are our own: the store checks their integrity, and nobody else writes them. */
export function decodeRow<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T
}
