import type { DemoOptions } from '../../node/host.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'

/** A check of the demo that did not hold. */
export class NotHeld extends Error {
  override readonly name = 'NotHeld'
}

export function must(held: boolean, otherwise: string): asserts held {
  if (!held) throw new NotHeld(otherwise)
}

/** Tells steps one by one and remembers whether all held. */
export class Story {
  readonly #options: Pick<DemoOptions, 'onStep' | 'onNote' | 'signal'>

  constructor(options: Pick<DemoOptions, 'onStep' | 'onNote' | 'signal'>) {
    this.#options = options
  }

  chapter(text: string): void {
    this.#options.onNote(`\n${text}`)
  }

  /**
   * One step: `control` shows what must not work yet (or must not be there), `act` does it and returns what was seen. Either throws when it does not hold.
   * The rest of the story rests on each step, so the first that fails ends it.
   */
  async step(step: string, title: string, control: () => Promise<string>, act: () => Promise<string>): Promise<void> {
    this.#options.signal.throwIfAborted()
    const start = performance.now()
    let before = ''
    let saw: string
    let failure: unknown
    try {
      before = await control()
      saw = await act()
    } catch (error) {
      failure = error
      saw = error instanceof NotHeld ? error.message : describe(error)
    }
    this.#options.onStep({ step, title, ok: failure === undefined, ms: Math.round(performance.now() - start), control: before, saw })
    if (failure !== undefined) throw new HansaError('INTERNAL', `the step ${step} did not hold: ${saw}`, {}, failure)
  }
}

function describe(error: unknown): string {
  const known = toHansaError(error)
  return known.code === 'INTERNAL' && error instanceof Error ? error.message : `${known.code}: ${known.message}`
}

/** The code with which something fails; throws NotHeld when it does not fail. */
export async function refusal(what: string, run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof NotHeld) throw error
    return toHansaError(error).code
  }
  throw new NotHeld(`${what} went through where it had to fail`)
}

/** Asks until `read` gives something; throws NotHeld after `withinMs`. */
export async function until<T>(what: string, withinMs: number, read: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await read()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new NotHeld(`${what} did not come within ${withinMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
