import { HansaError } from '../../schema/errors.ts'

/** `operator`: before all that waits, and never refused: strangers who apply without end must not keep a revocation waiting. `end`: after all that waits, never refused. */
export type Turn = 'usual' | 'operator' | 'end'

/** Runs tasks one after the other: between the review of an application and the commit of its certificate nothing else is decided. */
export type Queue = <T>(task: () => Promise<T>, turn?: Turn) => Promise<T>

/** At most `limit` wait; further ones are refused with OVERLOADED. */
export function createQueue(limit: number): Queue {
  const first: (() => Promise<void>)[] = []
  const usual: (() => Promise<void>)[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    for (let next = first.shift() ?? usual.shift(); next !== undefined; next = first.shift() ?? usual.shift()) await next()
    running = false
  }

  return (task, turn = 'usual') =>
    new Promise((resolve, reject) => {
      if (turn === 'usual' && usual.length >= limit) throw new HansaError('OVERLOADED', `${limit} applications are waiting already`)
      const lane = turn === 'operator' ? first : usual
      lane.push(async () => {
        try {
          resolve(await task())
        } catch (error) {
          reject(error)
        }
      })
      if (!running) void run()
    })
}
