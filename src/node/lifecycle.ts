import type { Log } from '../ports/log.ts'
import type { Lifecycle } from '../ports/part.ts'

export interface NamedPart extends Lifecycle {
  readonly name: string
}

/** A part under the name by which the log knows it. */
export function named(name: string, part: { start(): Promise<void>; stop(): Promise<void> }): NamedPart {
  return { name, start: () => part.start(), stop: () => part.stop() }
}

/** Starts parts in order; when one fails, stops what had started, in reverse, and throws what it failed with. */
export async function startAll(parts: readonly NamedPart[], log: Log): Promise<void> {
  for (const [index, part] of parts.entries()) {
    try {
      await part.start()
    } catch (error) {
      await stopAll(parts.slice(0, index), log)
      throw error
    }
  }
}

/** Stops parts in reverse order. One that fails to stop does not keep the others running. */
export async function stopAll(parts: readonly NamedPart[], log: Log): Promise<void> {
  for (const part of [...parts].reverse()) {
    try {
      await part.stop()
    } catch (error) {
      log.error({ err: error, part: part.name }, 'a part did not stop in order')
    }
  }
}
