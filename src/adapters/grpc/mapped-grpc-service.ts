import { type DescMessage, type DescMethodUnary, type JsonValue, type Message as AnyMessage, toBinary, toJson } from '@bufbuild/protobuf'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { PlainAnswer, PlainContext, PlainService } from '../../ports/plain-service.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { Message } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { GrpcRoute, MappedError, Mapping } from '../../wire/binding/mapping/mapping.ts'
import { partsOf, refusal } from '../../wire/binding/mapping/read-answer.ts'
import { renderGrpc } from '../../wire/binding/mapping/render-request.ts'
import { scopeOf } from '../../wire/binding/mapping/scope.ts'
import { decode } from '../../wire/decode.ts'
import { BrokenValue } from '../../wire/format/broken-value.ts'
import { traceHeaders } from '../../wire/trace-context.ts'
import { messageFromJson } from '../../wire/format/protobuf.ts'

/** Longest words of a service's own in an error. */
const MAX_WORDS = 300

/**
 * A plain unary gRPC service as an agent, by a mapping and its descriptors (draft 2.5, 3.3.2). `base` is the URL of the interface in its card: http: or grpc: in plain
 * text, https: or grpcs: by TLS; only its host and port count. One connection is kept.
 */
export function createMappedGrpcService(mapping: Mapping, base: URL): PlainService {
  const secure = base.protocol === 'https:' || base.protocol === 'grpcs:'
  const target = `dns:${base.hostname}:${base.port || (secure ? '443' : '80')}`
  const client = new Client(target, secure ? credentials.createSsl() : credentials.createInsecure(), {
    'grpc.max_receive_message_length': mapping.maxBytes,
    'grpc.enable_retries': 0,
    // The connection is this agent's own, not one of the process.
    'grpc.use_local_subchannel_pool': 1
  })

  return {
    async answer(message: Message, context: PlainContext): Promise<PlainAnswer> {
      const { route, scope } = scopeOf(mapping, message, context)
      if (route.kind !== 'grpc') throw new HansaError('UNSUPPORTED_OPERATION', 'the mapping says HTTP for this, and the card says gRPC')
      const { metadata, message: json } = renderGrpc(route, scope)
      const bytes = await unary(client, mapping, route, requestOf(route, json), { ...traceHeaders(context), ...metadata }, context.signal)
      return { parts: partsOf(route.response, answerOf(route, bytes)) }
    },
    knock: (signal) => ready(client, base, signal),
    close() {
      client.close()
      return Promise.resolve()
    }
  }
}

function requestOf({ method, registry }: GrpcRoute, json: JsonValue): AnyMessage {
  try {
    return messageFromJson(json, method.input, registry)
  } catch (thrown) {
    if (!(thrown instanceof BrokenValue)) throw thrown
    throw new HansaError('INVALID_ARGUMENT', `${thrown.path || 'the request'} is not what the service takes: ${thrown.message}`, { field: thrown.path })
  }
}

/** A service may be newer than its descriptors: fields that they do not have are left out. */
function answerOf({ method, registry }: GrpcRoute, bytes: Uint8Array): JsonValue {
  try {
    return toJson(method.output, decode(method.output, bytes), { registry, alwaysEmitImplicit: true })
  } catch (cause) {
    throw new HansaError('INVALID_AGENT_RESPONSE', `the service answered with what is no ${method.output.typeName}`, {}, cause)
  }
}

function unary(
  client: Client,
  { timeoutMs }: Mapping,
  route: GrpcRoute,
  request: AnyMessage,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(toHansaError(signal.reason))
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
    const asIs = (bytes: Buffer) => bytes
    const call = client.makeUnaryRequest(
      pathOf(route.method),
      asIs,
      asIs,
      Buffer.from(toBinary<DescMessage>(route.method.input, request)),
      metadata,
      { deadline: Date.now() + timeoutMs },
      (error, answer) => {
        signal.removeEventListener('abort', cancel)
        if (error !== null) reject(signal.aborted ? toHansaError(signal.reason) : refused(route, error, timeoutMs))
        else resolve(answer ?? new Uint8Array())
      }
    )
    const cancel = () => call.cancel()
    signal.addEventListener('abort', cancel, { once: true })
  })
}

function pathOf(method: DescMethodUnary): string {
  return `/${method.parent.typeName}/${method.name}`
}

function refused(route: GrpcRoute, error: ServiceError, timeoutMs: number): HansaError {
  const name = status[error.code]
  // Made by the library itself, for what came in.
  if (error.code === status.RESOURCE_EXHAUSTED && /^Received message larger than max/.test(error.details))
    return new HansaError('INVALID_AGENT_RESPONSE', 'the service answered with more bytes than the mapping allows', {}, error)
  if (error.code === status.DEADLINE_EXCEEDED) return new HansaError('DEADLINE_EXCEEDED', `the service did not answer within ${timeoutMs} ms`, {}, error)
  const own = error.code === status.UNAVAILABLE ? '' : error.details.slice(0, MAX_WORDS).replace(/\p{Cc}/gu, ' ')
  return refusal(route.errors, [name], usual(error.code), { words: `the service answered with ${name}${own === '' ? '' : `: ${own}`}` })
}

/** What a status means where the mapping does not say. UNAUTHENTICATED and PERMISSION_DENIED are between the service and who runs the mapping. */
function usual(code: status): MappedError {
  switch (code) {
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
    case status.FAILED_PRECONDITION:
    case status.ALREADY_EXISTS:
      return 'INVALID_ARGUMENT'
    case status.NOT_FOUND:
      return 'NOT_FOUND'
    case status.RESOURCE_EXHAUSTED:
      return 'RATE_LIMITED'
    case status.UNAVAILABLE:
      return 'AGENT_UNREACHABLE'
    case status.UNIMPLEMENTED:
      return 'UNSUPPORTED_OPERATION'
    default:
      return 'AGENT_FAILED'
  }
}

/** Longest wait for a connection when the caller sets no end. */
const READY_MS = 5_000

function ready(client: Client, base: URL, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(toHansaError(signal.reason))
    if (signal.aborted) return gone()
    signal.addEventListener('abort', gone, { once: true })
    client.waitForReady(Date.now() + READY_MS, (error) => {
      signal.removeEventListener('abort', gone)
      if (error === undefined) resolve()
      else reject(new HansaError('AGENT_UNREACHABLE', `the service does not answer at ${base.host}`, {}, error))
    })
  })
}
