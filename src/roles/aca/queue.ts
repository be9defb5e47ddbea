import { HansaError } from '../../schema/errors.ts'

/** Runs tasks one after the other: between the review of an application and the commit of its certificate nothing else is decided. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>

/** At most `limit` wait; further ones are refused with OVERLOADED. */
export function createQueue(limit: number): Queue {
  let tail: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return async (task) => {
    if (waiting >= limit) throw new HansaError('OVERLOADED', `${limit} applications are waiting already`)
    waiting++
    const turn = tail.then(task)
    tail = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      waiting--
    }
  }
}
