/** A binary heap: the entry that `before` puts before all others comes out first. Equal entries come in no particular order. */
export class Heap<T> {
  readonly #entries: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  push(entry: T): void {
    const entries = this.#entries
    let at = entries.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = entries[above] as T
      if (!this.#before(entry, other)) break
      entries[at] = other
      at = above
    }
    entries[at] = entry
  }

  pop(): T | undefined {
    const entries = this.#entries
    const first = entries[0]
    const last = entries.pop()
    if (entries.length === 0 || last === undefined) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= entries.length) break
      if (below + 1 < entries.length && this.#before(entries[below + 1] as T, entries[below] as T)) below++
      const other = entries[below] as T
      if (!this.#before(other, last)) break
      entries[at] = other
      at = below
    }
    entries[at] = last
    return first
  }
}
