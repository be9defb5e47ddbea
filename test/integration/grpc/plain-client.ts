import { fileURLToPath } from 'node:url'
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceClientConstructor, type ServiceError } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { type ErrorInfo, ErrorInfoSchema, type RetryInfo, RetryInfoSchema } from '../../../src/schema/generated/google/rpc/error_details_pb.ts'
import { StatusSchema } from '../../../src/schema/generated/google/rpc/status_pb.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const definition = loadSync(path('../../fixtures/grpc/a2a_service.proto'), { includeDirs: [path('../../../src/schema')], defaults: false, enums: String })
const found = loadPackageDefinition(definition) as unknown as { lf: { a2a: { v1: { A2AService: ServiceClientConstructor } } } }
export const PlainService = found.lf.a2a.v1.A2AService

/** A client made from the .proto files at run time; it shares no code with the door. */
export function plainClient(address: string, options: object = {}): Client {
  return new PlainService(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': 20_000_000,
    'grpc.use_local_subchannel_pool': 1,
    ...options
  })
}

export function said(entries: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata()
  for (const [key, value] of Object.entries({ 'a2a-version': '1.0', ...entries })) metadata.set(key, value)
  return metadata
}

type Unary = (request: object, metadata: Metadata, options: object, done: (error: ServiceError | null, answer: object) => void) => { cancel(): void }

export function unary(client: Client, method: string, request: object, metadata = said(), options: object = {}): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const call = Reflect.get(client, method) as Unary
    call.call(client, request, metadata, options, (error, answer) => (error === null ? resolve(answer as Record<string, unknown>) : reject(error)))
  })
}

export interface RefusedCall {
  readonly code: number
  readonly message: string
  readonly info: ErrorInfo | undefined
  readonly retry: RetryInfo | undefined
}

/** What the trailer of a failed call says. */
export async function refusal(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call
  } catch (thrown) {
    const error = thrown as ServiceError
    const [trailer] = error.metadata.get('grpc-status-details-bin')
    const status = trailer instanceof Uint8Array ? fromBinary(StatusSchema, trailer) : undefined
    const details = status?.details ?? []
    const info = details.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find((each) => each !== undefined)
    const retry = details.map((detail) => anyUnpack(detail, RetryInfoSchema)).find((each) => each !== undefined)
    return { code: error.code, message: error.details, info, retry }
  }
  throw new Error('the call was not refused')
}
