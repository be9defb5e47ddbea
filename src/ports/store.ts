/**
 * Durable state of one node: ordered maps of bytes. A write is on disk when the promise of `commit` resolves; commits of one moment share one sync (group
 * commit). Reads see one's own uncommitted writes.
 */
export interface Store {
  get(table: string, key: string): Uint8Array | undefined
  put(table: string, key: string, value: Uint8Array): void
  delete(table: string, key: string): void
  /** Entries with keys from `from` (inclusive) in order of key. */
  entries(table: string, options?: { readonly from?: string; readonly prefix?: string; readonly limit?: number }): Iterable<readonly [string, Uint8Array]>
  count(table: string): number
  /** Resolves when everything written so far is on disk. Throws STORE_FAILED; then nothing since the last commit is kept. */
  commit(): Promise<void>
}
