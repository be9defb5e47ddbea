import type { DescMessage } from '@bufbuild/protobuf'
import { formatHandle, parseAgent } from '../../../core/ids/agent-id.ts'
import type { Identities } from '../../../ports/identity.ts'
import type * as a2a from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { outgoingRequest } from '../outgoing-request.ts'
import type { ResponseStream, SwarmClient } from '../swarm-client.ts'
import type { CallSettings } from '../swarm-client-deps.ts'
import { isSpeaking } from './incoming-call.ts'
import type { SessionCall } from './session-call.ts'
import type { Sessions } from './sessions.ts'

/** A swarm client whose calls are recorded in their sessions (draft 2.4). A call that names no session is of the one that the answer names. */
export function recordingSwarmClient(
  client: SwarmClient,
  sessions: Sessions,
  { identities, newId = () => globalThis.crypto.randomUUID() }: { readonly identities: Pick<Identities, 'self'>; readonly newId?: () => string }
): SwarmClient {
  function begin(agent: string, options: CallSettings = {}): SessionCall | undefined {
    const self = identities.self()
    if (self === undefined) return undefined
    const answerer = formatHandle(parseAgent(agent, self.domain))
    return sessions.begin({ asker: self.spiffeId, answerer, own: true, language: options.translate?.from ?? '' })
  }

  /** Records while somebody reads; a stream that nobody reads has not been sent. */
  function recorded(stream: ResponseStream, call: SessionCall, message?: a2a.Message): ResponseStream {
    async function* responses(): AsyncGenerator<a2a.StreamResponse, void, undefined> {
      call.asked(message)
      try {
        for await (const response of stream) {
          call.answered(response)
          yield response
        }
      } finally {
        call.ended(stream)
      }
    }
    return {
      [Symbol.asyncIterator]: responses,
      get hops() {
        return stream.hops
      },
      get direct() {
        return stream.direct
      },
      get translations() {
        return stream.translations
      }
    }
  }

  return {
    ...client,
    async send(agent, message, options) {
      const call = begin(agent, options)
      if (call === undefined) return client.send(agent, message, options)
      const request = outgoingRequest(message, newId)
      call.asked(request.message)
      try {
        const sent = await client.send(agent, { request }, options)
        call.answered(sent.response)
        call.ended(sent)
        return sent
      } catch (error) {
        call.ended()
        throw error
      }
    },
    stream(agent, message, options) {
      const call = begin(agent, options)
      if (call === undefined) return client.stream(agent, message, options)
      const request = outgoingRequest(message, newId)
      return recorded(client.stream(agent, { request }, options), call, request.message)
    },
    subscribe(agent, taskId, options) {
      const stream = client.subscribe(agent, taskId, options)
      const call = begin(agent, options)
      return call === undefined ? stream : recorded(stream, call)
    },
    async invoke<S extends DescMessage>(...args: Parameters<typeof client.invoke<S>>) {
      const [agent, operation, , request, options] = args
      const call = isSpeaking(operation) ? begin(agent, options) : undefined
      if (request.$typeName === 'lf.a2a.v1.SendMessageRequest') call?.asked((request as a2a.SendMessageRequest).message)
      try {
        const response = await client.invoke(...args)
        call?.answered(response)
        return response
      } finally {
        call?.ended()
      }
    }
  }
}
