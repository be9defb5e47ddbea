/**
 * When to send the next heartbeat to whom. The first one after `open` comes within one interval at a place that depends on the id, so that a gateway with
 * many neighbours does not send to all of them in one moment.
 */
export class HeartbeatSchedule {
  readonly intervalMs: number
  readonly #due = new Map<string, number>()

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs
  }

  open(id: string, now: number): void {
    if (!this.#due.has(id)) this.#due.set(id, now + Math.ceil(this.intervalMs * (0.5 + spread(id) / 2)))
  }

  close(id: string): void {
    this.#due.delete(id)
  }

  /** Those whose time has come; each is due again one interval from now. */
  due(now: number): string[] {
    const ids: string[] = []
    for (const [id, at] of this.#due) {
      if (at > now) continue
      ids.push(id)
      this.#due.set(id, now + this.intervalMs)
    }
    return ids
  }
}

/** A number from 0 to 1 that depends on the text only (FNV-1a): spreads without randomness. */
export function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 0xffffffff
}
