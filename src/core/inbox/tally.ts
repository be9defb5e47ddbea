/** Items and their bytes, by whose they are. */
export class Tally {
  readonly #of = new Map<string, { items: number; bytes: number }>()

  of(key: string): { readonly items: number; readonly bytes: number } {
    return this.#of.get(key) ?? { items: 0, bytes: 0 }
  }

  add(key: string, bytes: number): void {
    const { items, bytes: before } = this.of(key)
    this.#of.set(key, { items: items + 1, bytes: before + bytes })
  }

  /** Takes one item away that was added with so many bytes. */
  remove(key: string, bytes: number): void {
    const { items, bytes: before } = this.of(key)
    if (items <= 1) this.#of.delete(key)
    else this.#of.set(key, { items: items - 1, bytes: before - bytes })
  }
}
