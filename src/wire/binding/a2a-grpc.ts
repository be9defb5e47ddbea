import { type Message, toBinary } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { decode } from '../decode.ts'
import { isA2aOperation, type Operation, operations } from '../operations.ts'
import { checkRequired, checkResponse } from './required-fields.ts'

/** The service of A2A 1.0 (specification 10). */
const SERVICE = 'lf.a2a.v1.A2AService'

/** The path of HTTP/2 under which an operation is called. */
export function grpcPath(operation: Operation): string {
  return `/${SERVICE}/${operation.name}`
}

/** The eleven operations by their paths. */
export const a2aOperations: readonly Operation[] = Object.values(operations).filter((operation) => isA2aOperation(operation.name))

/** A request, and the handle of the agent that it is for: the tenant of an address at a gateway. */
export interface AddressedRequest {
  readonly message: Message
  readonly tenant: string
}

/**
 * One request of a client. The tenant was for the gateway, so the message goes on without it. Throws MALFORMED, INVALID_ARGUMENT naming the field.
 */
export function parseGrpcRequest(operation: Operation, bytes: Uint8Array): AddressedRequest {
  const message: Message & { tenant?: string } = decode(operation.request, bytes)
  const tenant = message.tenant ?? ''
  if (tenant === '') throw new HansaError('INVALID_ARGUMENT', 'tenant is missing; it is the handle of the agent (name@domain)', { field: 'tenant' })
  message.tenant = ''
  checkRequired(message)
  return { message, tenant }
}

export function renderGrpcRequest(operation: Operation, request: Message, tenant: string): Uint8Array {
  // The tenant is the agent's affair, said by its card; what a far client put there was meant for another address.
  const copy: Message & { tenant?: string } = { ...request, tenant }
  return toBinary(operation.request, copy)
}

/** One answer of an agent. Throws INVALID_AGENT_RESPONSE. */
export function parseGrpcResponse(operation: Operation, bytes: Uint8Array): Message {
  let response: Message
  try {
    response = decode(operation.response, bytes)
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered with something that is no ${operation.response.typeName}`, {}, cause)
  }
  checkResponse(response)
  return response
}

export function renderGrpcResponse(operation: Operation, response: Message): Uint8Array {
  return toBinary(operation.response, response)
}
