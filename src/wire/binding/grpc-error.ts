import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt'
import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import { ErrorInfoSchema, RetryInfoSchema } from '../../schema/generated/google/rpc/error_details_pb.ts'
import { StatusSchema } from '../../schema/generated/google/rpc/status_pb.ts'
import type { Operation } from '../operations.ts'
import { ERROR_STATUS, GRPC_CODES } from './error-status.ts'

/** An error's message in characters, and its metadata in bytes: with the message sent twice, all stays within the 8 KiB of headers that common clients take. */
const MAX_TEXT = 300
const MAX_METADATA = 2_000

/** How an error ends a call of gRPC. */
export interface GrpcError {
  /** A number of google.rpc.Code. */
  readonly code: number
  readonly message: string
  /** google.rpc.Status, for the trailer grpc-status-details-bin. */
  readonly details: Uint8Array
}

/** An error in the form of A2A's gRPC binding (specification 10.6): ErrorInfo, and RetryInfo for what passes by waiting. */
export function renderGrpcError(error: HansaError): GrpcError {
  const { grpc, domain } = ERROR_STATUS[error.code]
  const code = GRPC_CODES[grpc]
  const message = fit(error.message)
  const metadata = withinBound({ ...error.metadata, hint: error.hint })
  const packed = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: error.code, domain, metadata }))]
  const retryDelay = waitOf(error)
  if (retryDelay !== undefined) packed.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })))
  return { code, message, details: toBinary(StatusSchema, create(StatusSchema, { code, message, details: packed })) }
}

/** As many entries as the bound lets through, in their order. */
function withinBound(metadata: Readonly<Record<string, string>>): Record<string, string> {
  let left = MAX_METADATA
  const kept: Record<string, string> = {}
  for (const [key, value] of Object.entries(metadata)) {
    const text = fit(value)
    left -= Buffer.byteLength(key) + Buffer.byteLength(text)
    if (left < 0) break
    kept[fit(key)] = text
  }
  return kept
}

/** How long a client should wait; calls that are open end at any time, so a second. */
function waitOf(error: HansaError): { seconds: bigint; nanos: number } | undefined {
  if (error.code !== 'RATE_LIMITED' && error.code !== 'TOO_MANY_CALLS') return undefined
  const said = Math.ceil(Number(error.metadata['retryAfterMs'] ?? 1_000))
  const ms = Number.isSafeInteger(said) && said >= 0 ? said : 1_000
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 }
}

/** A lone surrogate, which cutting can make, has no UTF-8. */
function fit(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed()
}

/**
 * An agent's error as ours. A2A's own are known by their ErrorInfo, or by a status that has one meaning; the rest is the agent's failure. It cannot speak for
 * a gateway, so no other ErrorInfo is believed.
 */
export function parseGrpcError(code: number, message: string, details: Uint8Array | undefined, operation: Operation): HansaError {
  const reason = a2aReason(details)
  const status = STATUS_NAMES.get(code) ?? String(code)
  return new HansaError(reason ?? byStatus(code, operation) ?? 'AGENT_FAILED', message.slice(0, MAX_TEXT) || 'no message', { grpc: status })
}

const STATUS_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(GRPC_CODES).map(([name, code]) => [code, name]))

/** Status details are one header, so some kilobytes; more is not read. */
const MAX_DETAILS = 16 * 1024

function a2aReason(details: Uint8Array | undefined): ErrorCode | undefined {
  if (details === undefined || details.length > MAX_DETAILS) return undefined
  try {
    const infos = fromBinary(StatusSchema, details).details.map((detail) => anyUnpack(detail, ErrorInfoSchema))
    const info = infos.find((each) => each !== undefined)
    return info?.domain === 'a2a-protocol.org' && isA2aReason(info.reason) ? info.reason : undefined
  } catch {
    return undefined
  }
}

/** The reasons of A2A (specification 5.4) have the names of our codes. */
function isA2aReason(reason: string): reason is ErrorCode {
  return Object.hasOwn(ERROR_STATUS, reason) && ERROR_STATUS[reason as ErrorCode].domain === 'a2a-protocol.org'
}

/** The agent's sight of what we sent, where it says no more than a status. */
function byStatus(code: number, operation: Operation): ErrorCode | undefined {
  if (code === GRPC_CODES.UNIMPLEMENTED) return 'UNSUPPORTED_OPERATION'
  if (code === GRPC_CODES.INVALID_ARGUMENT) return 'INVALID_ARGUMENT'
  if (code === GRPC_CODES.NOT_FOUND && ABOUT_A_TASK.has(operation.name)) return 'TASK_NOT_FOUND'
  return undefined
}

const ABOUT_A_TASK: ReadonlySet<string> = new Set(['GetTask', 'CancelTask', 'SubscribeToTask'])
