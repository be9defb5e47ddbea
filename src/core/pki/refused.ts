import { type ErrorCode, HansaError } from '../../schema/errors.ts'

/** A decision of the ACA against something, as the error that the one who asked gets. */
export interface Refused {
  readonly ok: false
  readonly error: HansaError
}

export function refused(code: ErrorCode, message: string, metadata: Record<string, string | number> = {}): Refused {
  return { ok: false, error: new HansaError(code, message, metadata) }
}
