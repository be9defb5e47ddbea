import type { StreamResponse } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** Events that wait for a reader before the task that makes them has to wait. */
const ROOM = 16

/** One reader of a task's events: a short queue that makes the writer wait for a slow reader, and never outlives either. */
export class Subscription {
  #queue: StreamResponse[] = []
  #over = false
  #arrived: () => void = () => undefined
  #writers: (() => void)[] = []

  /** Resolves when there is room for more, or the reader has gone. */
  async push(event: StreamResponse): Promise<void> {
    if (this.#over) return
    this.#queue.push(event)
    this.#arrived()
    if (this.#queue.length >= ROOM) await new Promise<void>((resolve) => this.#writers.push(resolve))
  }

  /** No more events; the reader gets those that wait. */
  end(): void {
    this.#over = true
    this.#arrived()
    this.#release()
  }

  /** Events until the end; throws the signal's reason when it aborts. */
  async *events(signal: AbortSignal): AsyncGenerator<StreamResponse, void, undefined> {
    const wake = () => this.#arrived()
    signal.addEventListener('abort', wake)
    try {
      for (;;) {
        signal.throwIfAborted()
        const event = this.#queue.shift()
        if (event !== undefined) {
          this.#release()
          yield event
        } else if (this.#over) return
        else await new Promise<void>((resolve) => (this.#arrived = resolve))
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#queue = []
      this.end()
    }
  }

  #release(): void {
    const writers = this.#writers
    this.#writers = []
    for (const writer of writers) writer()
  }
}
