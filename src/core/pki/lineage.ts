import type { Issued } from './issued.ts'

/** Daily renewals of a year: what came before is not remembered by default. */
const MAX_STEPS = 366

/** A certificate, then the one that it took over from, and so on, as far as is remembered. */
export function* lineage(issued: Issued, find: (serial: string) => Issued | undefined): Generator<Issued> {
  let at: Issued | undefined = issued
  for (let step = 0; step <= MAX_STEPS && at !== undefined; step++) {
    yield at
    at = at.replaces === undefined ? undefined : find(at.replaces)
  }
}
