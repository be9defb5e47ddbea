import { createMappedGrpcService } from '../../adapters/grpc/mapped-grpc-service.ts'
import { createMappedHttpService } from '../../adapters/http/mapped-http-service.ts'
import { createHandlerClient } from '../../adapters/inprocess-agent/handler-client.ts'
import type { AgentClient, AgentFace, AgentTransport } from '../../ports/agent-client.ts'
import type { PlainService } from '../../ports/plain-service.ts'
import { MAPPED_GRPC_BINDING, MAPPED_HTTP_BINDING, type Mapping } from '../../wire/binding/mapping/mapping.ts'

export interface MappedTransportOptions {
  /** Told of everything that is a fault of ours; callers see a failed task. */
  readonly onError?: (error: unknown) => void
  readonly now?: () => number
  readonly newId?: () => string
}

/** Faces of one card that are kept; a card that changes its address again and again leaves the oldest. */
const MAX_FACES = 8

interface Kept {
  readonly service: PlainService
  readonly client: AgentClient
}

/**
 * A plain HTTP or unary gRPC service, called by a mapping, as an agent of A2A: an answer is a message; where the mapping streams, a task that can be followed, canceled
 * (the request to the service ends) and read, while it runs and until newer tasks need its room.
 */
export function createMappedTransport(mapping: Mapping, options: MappedTransportOptions = {}): AgentTransport {
  const faces = new Map<string, Kept>()

  function keptFor(face: AgentFace): Kept {
    const key = `${face.binding} ${face.url.href}`
    const known = faces.get(key)
    if (known !== undefined) return known
    const service = face.binding === MAPPED_GRPC_BINDING ? createMappedGrpcService(mapping, face.url) : createMappedHttpService(mapping, face.url)
    // The card is the file's; this one is never shown.
    const card = { name: 'mapped service', description: 'mapped service' }
    const client = createHandlerClient((message, context) => service.answer(message, context), { ...options, card })
    for (const [oldest, { service: old }] of faces) {
      if (faces.size < MAX_FACES) break
      faces.delete(oldest)
      void old.close?.()
    }
    const kept = { service, client }
    faces.set(key, kept)
    return kept
  }

  return {
    speaks: ({ binding, url }) =>
      (binding === MAPPED_HTTP_BINDING && /^https?:$/.test(url.protocol)) || (binding === MAPPED_GRPC_BINDING && /^(grpcs?|https?):$/.test(url.protocol)),
    invoke: (face, operation, request, invocation) => keptFor(face).client.invoke(operation, request, invocation),
    knock: (face, signal) => keptFor(face).service.knock(signal),
    async close() {
      const all = [...faces.values()]
      faces.clear()
      for (const { service } of all) await service.close?.()
    }
  }
}
