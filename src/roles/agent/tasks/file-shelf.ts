import type { Store } from '../../../ports/store.ts'
import { HansaError } from '../../../schema/errors.ts'

/** Bytes by their SHA-256 in hex; the same file of many runs is there once. */
const FILES = 'task-files'
/** `${run}/${hash}`: the file's size, as decimal text. */
const USES = 'task-file-uses'

/** All files together: an agent that answers with one large file after the other fills its own step, not the disk. */
const MAX_BYTES = 2 * 1024 * 1024 * 1024

/** Files that agents have put out. Writes are there after the store's next commit. */
export class FileShelf {
  readonly #store: Store
  readonly #maxBytes: number
  readonly #uses = new Map<string, number>()
  #bytes = 0

  constructor(store: Store, maxBytes = MAX_BYTES) {
    this.#store = store
    this.#maxBytes = maxBytes
    for (const [key, size] of store.entries(USES)) this.#count(key.slice(key.indexOf('/') + 1), Number(new TextDecoder().decode(size)))
  }

  /** Throws OVERLOADED when there is no room for all of them; then none is kept. */
  keep(run: string, files: ReadonlyMap<string, Uint8Array>): void {
    let more = 0
    for (const [hash, bytes] of files) if (!this.#uses.has(hash)) more += bytes.length
    if (this.#bytes + more > this.#maxBytes) throw new HansaError('OVERLOADED', 'there is no room for more files of tasks', { bound: this.#maxBytes })
    for (const [hash, bytes] of files) {
      const key = `${run}/${hash}`
      if (this.#store.get(USES, key) !== undefined) continue
      this.#store.put(FILES, hash, bytes)
      this.#store.put(USES, key, new TextEncoder().encode(String(bytes.length)))
      this.#count(hash, bytes.length)
    }
  }

  /** Writes again what a commit has lost. */
  repeat(run: string, files: ReadonlyMap<string, Uint8Array>): void {
    for (const [hash, bytes] of files) {
      this.#store.put(FILES, hash, bytes)
      this.#store.put(USES, `${run}/${hash}`, new TextEncoder().encode(String(bytes.length)))
    }
  }

  get(hash: string): Uint8Array | undefined {
    return this.#store.get(FILES, hash)
  }

  /** The run is forgotten: what it alone used goes. */
  release(run: string): void {
    const uses = [...this.#store.entries(USES, { prefix: `${run}/` })]
    for (const [key, size] of uses) {
      const hash = key.slice(run.length + 1)
      this.#store.delete(USES, key)
      const left = (this.#uses.get(hash) ?? 1) - 1
      if (left > 0) {
        this.#uses.set(hash, left)
        continue
      }
      this.#uses.delete(hash)
      this.#bytes -= Number(new TextDecoder().decode(size))
      this.#store.delete(FILES, hash)
    }
  }

  #count(hash: string, size: number): void {
    const before = this.#uses.get(hash) ?? 0
    this.#uses.set(hash, before + 1)
    if (before === 0) this.#bytes += size
  }
}
