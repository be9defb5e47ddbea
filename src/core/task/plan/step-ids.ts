/** Longest ID of a step, with room for a number behind it. */
const MAX_BASE = 56

/** Gives each step an ID that people can read: the last part of its capability, with a number behind it when another step has it. */
export class StepIds {
  readonly #taken = new Map<string, number>()
  readonly #ids = new Set<string>()

  next(capability: string): string {
    const last = capability.slice(capability.lastIndexOf('/') + 1)
    const base =
      last
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, MAX_BASE)
        .replace(/^-|-$/g, '') || 'step'
    for (;;) {
      const count = (this.#taken.get(base) ?? 0) + 1
      this.#taken.set(base, count)
      const id = count === 1 ? base : `${base}-${count}`
      if (this.#ids.has(id)) continue
      this.#ids.add(id)
      return id
    }
  }
}
