/** A certificate of this node that is kept fresh. */
export interface Renewed {
  /** For the log. */
  readonly what: string
  /** Leaf first; empty: there is none yet, and one is wanted. */
  chain(): readonly Uint8Array[]
  /** A request for the same key, DER. */
  csr(): Uint8Array
  take(chain: readonly Uint8Array[]): Promise<void>
}
