import { Metadata, type StatusObject } from '@grpc/grpc-js'
import type { HansaError } from '../../schema/errors.ts'
import { renderGrpcError } from '../../wire/binding/grpc-error.ts'

/** An error as the end of a call, with google.rpc.Status in its trailer. */
export function statusOf(error: HansaError): StatusObject {
  const { code, message, details } = renderGrpcError(error)
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(details))
  return { code, details: message, metadata }
}
