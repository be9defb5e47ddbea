import { HansaError, isErrorCode } from '../schema/errors.ts'
import type { ErrorShape } from './types.ts'

/** An error as JSON; its cause stays here. */
export function shapeOfError(error: HansaError): ErrorShape {
  return { code: error.code, message: error.message, hint: error.hint, metadata: { ...error.metadata } }
}

/** Back from JSON; a code of a newer node becomes INTERNAL with the code in its metadata. */
export function errorOfShape(shape: ErrorShape): HansaError {
  return isErrorCode(shape.code)
    ? new HansaError(shape.code, shape.message, shape.metadata)
    : new HansaError('INTERNAL', shape.message, { ...shape.metadata, reason: shape.code })
}
