import type { Retention } from '../../../core/session/retention.ts'

/** Settings of session management (draft 2.4). */
export interface SessionsConfig extends Retention {
  /** False: nothing is recorded; what has been stays readable. */
  readonly record: boolean
}
