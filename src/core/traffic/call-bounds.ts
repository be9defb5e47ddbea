export interface CallBoundsSettings {
  /** Calls that one key may have open at a time. */
  readonly perKey: number
  /** Calls open at a time in all; also bounds the memory used. */
  readonly total: number
}

/** Why a call may not begin: its key has too many open already, or everybody together has. */
export type BoundReached = 'key' | 'total'

export interface CallBounds {
  /** Counts a call in; undefined means that it may begin, and then `leave` must follow once. */
  enter(key: string): BoundReached | undefined
  leave(key: string): void
  /** Calls open now. */
  readonly open: number
}

/** Bounds on calls in flight. A key without open calls takes no memory. */
export function createCallBounds(settings: CallBoundsSettings): CallBounds {
  const counts = new Map<string, number>()
  let open = 0
  return {
    enter(key) {
      const count = counts.get(key) ?? 0
      if (count >= settings.perKey) return 'key'
      if (open >= settings.total) return 'total'
      counts.set(key, count + 1)
      open++
      return undefined
    },
    leave(key) {
      const count = counts.get(key)
      // More leaves than enters would hand out calls that nobody counted.
      if (count === undefined) throw new RangeError('a call was counted out that was never counted in')
      if (count === 1) counts.delete(key)
      else counts.set(key, count - 1)
      open--
    },
    get open() {
      return open
    }
  }
}
