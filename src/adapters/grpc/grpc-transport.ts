import { connectivityState, type Client, Metadata, type ServiceError, status as Status } from '@grpc/grpc-js'
import type { Message } from '@bufbuild/protobuf'
import type { AgentFace, AgentTransport, InvokeOptions } from '../../ports/agent-client.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { GRPC_BINDINGS, type GrpcBinding } from '../../wire/binding/a2a-grpc.ts'
import { agentHeaders } from '../../wire/binding/agent-headers.ts'
import { parseGrpcError } from '../../wire/binding/grpc-error.ts'
import type { Operation } from '../../wire/operations.ts'
import { type ChannelSettings, createChannels, isGrpcUrl } from './channels.ts'
import { createGate, readResponses } from './response-reader.ts'

const bytes = (message: Buffer): Buffer => message

/**
 * Speaks A2A 1.0 and 0.3 over gRPC to any agent: second half of the translation of protocols (draft 2.5, 3.3.2), out of the canonical message into the target's format.
 */
export function createGrpcTransport(settings: ChannelSettings = {}): AgentTransport {
  const channels = createChannels(settings)

  async function* invoke(face: AgentFace, operation: Operation, request: Message, options: InvokeOptions): AsyncGenerator<Message, void, undefined> {
    const { signal } = options
    if (signal.aborted) throw toHansaError(signal.reason)
    const a2a = bindingOf(face)
    const metadata = metadataOf(a2a, options)
    const message = Buffer.from(a2a.renderRequest(operation, request, face.tenant))
    const gate = createGate()
    // On the wire a single answer is a stream of one.
    const stream = channels.to(face).makeServerStreamRequest(a2a.path(operation), bytes, bytes, message, metadata, { interceptors: [gate.interceptor] })
    let met = false
    stream.once('metadata', () => (met = true))
    const cancel = (): void => stream.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    let answers = 0
    try {
      for await (const answer of readResponses(stream, gate)) {
        if (++answers > 1 && !operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered more than once')
        yield a2a.parseResponse(operation, answer)
      }
    } catch (thrown) {
      if (signal.aborted) throw toHansaError(signal.reason)
      const error = failed(face, operation, thrown, met)
      if (error.code === 'AGENT_UNREACHABLE') channels.forget(face)
      throw error
    } finally {
      signal.removeEventListener('abort', cancel)
    }
    if (answers === 0 && !operation.streaming) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent ended the call without an answer')
  }

  return {
    speaks: ({ url, binding, version }) => binding.toUpperCase() === 'GRPC' && Object.hasOwn(GRPC_BINDINGS, version) && isGrpcUrl(url),
    invoke,
    async knock(face, signal) {
      // A connection that is open already proves nothing of now.
      const client = channels.fresh(face)
      try {
        await connected(client, face, signal)
      } finally {
        client.close()
      }
    },
    close() {
      channels.close()
      return Promise.resolve()
    }
  }
}

function bindingOf({ version }: AgentFace): GrpcBinding {
  return version === '0.3' ? GRPC_BINDINGS['0.3'] : GRPC_BINDINGS['1.0']
}

function metadataOf({ version }: GrpcBinding, options: InvokeOptions): Metadata {
  const metadata = new Metadata()
  for (const [key, value] of Object.entries(agentHeaders(version, options))) metadata.set(key, value)
  return metadata
}

/** `met` is true when the agent had begun to answer. */
function failed(face: AgentFace, operation: Operation, thrown: unknown, met: boolean): HansaError {
  if (!isServiceError(thrown)) return toHansaError(thrown)
  const { code, details, metadata } = thrown
  const said = Object.keys(metadata.getMap()).length > 0
  // The library's own words come without headers; an agent's come with some.
  if (!said && code === Status.UNAVAILABLE) {
    const how = met ? 'went away' : 'does not answer'
    return new HansaError('AGENT_UNREACHABLE', `the agent ${how} at ${face.url.protocol}//${face.url.host}`, {}, thrown)
  }
  if (!said && code === Status.RESOURCE_EXHAUSTED && details.includes('larger than'))
    return new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with a message above the bound', {}, thrown)
  const [trailer] = metadata.get('grpc-status-details-bin')
  return parseGrpcError(code, details, trailer instanceof Uint8Array ? trailer : undefined, operation)
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && 'metadata' in thrown && thrown.metadata instanceof Metadata
}

/** Resolves when the other end has answered as HTTP/2. Throws AGENT_UNREACHABLE, and the signal's reason. */
function connected(client: Client, face: AgentFace, signal: AbortSignal): Promise<void> {
  const channel = client.getChannel()
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(toHansaError(signal.reason))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    const watch = (): void => {
      if (signal.aborted) return
      const state = channel.getConnectivityState(true)
      if (state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
        signal.removeEventListener('abort', abort)
        if (state === connectivityState.READY) return resolve()
        return reject(new HansaError('AGENT_UNREACHABLE', `the agent does not answer at ${face.url.protocol}//${face.url.host}`))
      }
      channel.watchConnectivityState(state, Infinity, watch)
    }
    watch()
  })
}
