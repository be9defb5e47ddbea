import { MinHeap } from '../structures/min-heap.ts'

interface Alarm {
  readonly at: number
  readonly who: number
}

/** One alarm for each of many, by number; setting it anew replaces it. Times are milliseconds. */
export class AlarmClock {
  readonly #set = new Map<number, Alarm>()
  /** Also has alarms that have been replaced: they are passed over when they come to the top. */
  readonly #queue = new MinHeap<Alarm>(({ at }) => at)

  set(who: number, at: number): void {
    const alarm = { at, who }
    this.#set.set(who, alarm)
    this.#queue.push(alarm)
  }

  clear(who: number): void {
    this.#set.delete(who)
  }

  /** When the next one goes off. */
  next(): number | undefined {
    for (;;) {
      const first = this.#queue.peek()
      if (first === undefined || this.#set.get(first.who) === first) return first?.at
      this.#queue.pop()
    }
  }

  /** Takes the next one that has gone off by `now`. */
  ring(now: number): number | undefined {
    const at = this.next()
    if (at === undefined || at > now) return undefined
    const who = this.#queue.pop()?.who
    if (who !== undefined) this.#set.delete(who)
    return who
  }
}
