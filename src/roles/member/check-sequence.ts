import { HansaError } from '../../schema/errors.ts'

/** How far the clock of whoever has given a sequence may be ahead. Milliseconds. */
const AHEAD_MS = 24 * 3_600_000

/**
 * Sequences of trust bundles are times (milliseconds since the epoch), and the highest counts: one from far ahead would be the last word for ever, whoever got to say it once.
 * Throws INVALID_ARGUMENT.
 */
export function checkSequence(sequence: bigint, now: number): void {
  if (sequence > BigInt(now + AHEAD_MS))
    throw new HansaError('INVALID_ARGUMENT', `the sequence ${sequence} of a trust bundle is more than a day ahead; a time is wanted`)
}
