import { type Message, toBinary } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import { decode } from '../decode.ts'
import { isA2aOperation, type Operation, operations } from '../operations.ts'
import type { A2aVersion } from './a2a-version.ts'
import { checkRequired, checkResponse } from './required-fields.ts'
import {
  GRPC_SERVICE_03,
  grpcPath03,
  hasGrpc03,
  parseGrpcRequest03,
  parseGrpcResponse03,
  renderGrpcRequest03,
  renderGrpcResponse03
} from './v03/grpc-messages.ts'

/** A request, and the handle of the agent that it is for: the tenant of an address at a gateway. */
export interface AddressedRequest {
  readonly message: Message
  /** undefined where the message has no place for it (0.3). */
  readonly tenant?: string
}

/** A2A over gRPC (specification 10) as one version of it writes it. */
export interface GrpcBinding {
  readonly version: A2aVersion
  /** The operations that there are. */
  readonly operations: readonly Operation[]
  /** The path of HTTP/2 under which an operation is called. Throws UNSUPPORTED_OPERATION for one that there is not. */
  path(operation: Operation): string
  /**
   * One request of a client. The tenant was for the gateway, so the message goes on without it. Throws MALFORMED, INVALID_ARGUMENT naming the field.
   */
  parseRequest(operation: Operation, bytes: Uint8Array): AddressedRequest
  /** Throws UNSUPPORTED_OPERATION, and INVALID_ARGUMENT for what the version cannot say. */
  renderRequest(operation: Operation, request: Message, tenant: string): Uint8Array
  /** One answer of an agent. Throws INVALID_AGENT_RESPONSE. */
  parseResponse(operation: Operation, bytes: Uint8Array): Message
  renderResponse(operation: Operation, response: Message): Uint8Array
}

const GRPC_SERVICE = 'lf.a2a.v1.A2AService'

const ALL: readonly Operation[] = Object.values(operations).filter((operation) => isA2aOperation(operation.name))

export const GRPC_BINDINGS: Readonly<Record<A2aVersion, GrpcBinding>> = {
  '1.0': {
    version: '1.0',
    operations: ALL,
    path: (operation) => `/${GRPC_SERVICE}/${operation.name}`,
    parseRequest,
    renderRequest(operation, request, tenant) {
      // The tenant is the agent's affair, said by its card; what a far client put there was meant for another address.
      const copy: Message & { tenant?: string } = { ...request, tenant }
      return toBinary(operation.request, copy)
    },
    parseResponse,
    renderResponse: (operation, response) => toBinary(operation.response, response)
  },
  '0.3': {
    version: '0.3',
    operations: ALL.filter(hasGrpc03),
    path: grpcPath03,
    parseRequest: (operation, bytes) => ({ message: parseGrpcRequest03(operation, bytes) }),
    renderRequest: renderGrpcRequest03,
    parseResponse: parseGrpcResponse03,
    renderResponse: renderGrpcResponse03
  }
}

/** The version that is spoken at a path of HTTP/2; undefined where A2A is not. */
export function grpcVersionAt(path: string): A2aVersion | undefined {
  if (path.startsWith(`/${GRPC_SERVICE}/`)) return '1.0'
  return path.startsWith(`/${GRPC_SERVICE_03}/`) ? '0.3' : undefined
}

function parseRequest(operation: Operation, bytes: Uint8Array): AddressedRequest {
  const message: Message & { tenant?: string } = decode(operation.request, bytes)
  const tenant = message.tenant ?? ''
  if (tenant === '') throw new HansaError('INVALID_ARGUMENT', 'tenant is missing; it is the handle of the agent (name@domain)', { field: 'tenant' })
  message.tenant = ''
  checkRequired(message)
  return { message, tenant }
}

function parseResponse(operation: Operation, bytes: Uint8Array): Message {
  let response: Message
  try {
    response = decode(operation.response, bytes)
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered with something that is no ${operation.response.typeName}`, {}, cause)
  }
  checkResponse(response)
  return response
}
