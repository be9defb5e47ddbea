/** Applications wait for a person, and strangers can make them: each may take so much of the room. */
export interface Shares {
  /** Of one applicant. */
  readonly each: number
  /** Of all together who have proved nothing. */
  readonly unproven: number
  readonly total: number
}

/** With room for 1000: 10 of one applicant, 500 of strangers; who brings something that is verified finds the other half free. */
export function sharesOf(maxPending: number): Shares {
  return { each: Math.max(1, Math.floor(maxPending / 100)), unproven: Math.max(1, Math.floor(maxPending / 2)), total: maxPending }
}

/** What waits already: of the same applicant, of all who have proved nothing, in all. */
export interface Waiting {
  readonly each: number
  readonly unproven: number
  readonly total: number
}

/** True when one more may wait. */
export function hasRoom(waiting: Waiting, proven: boolean, shares: Shares): boolean {
  return waiting.total < shares.total && waiting.each < shares.each && (proven || waiting.unproven < shares.unproven)
}
