import type { Message } from '@bufbuild/protobuf'
import type { AgentTransport } from '../../ports/agent-client.ts'
import { agentHeaders } from '../../wire/binding/agent-headers.ts'
import { parseRestError, parseRestResponse, renderRestCall } from '../../wire/binding/a2a-rest-client.ts'
import type { A2aVersion } from '../../wire/binding/a2a-version.ts'
import { REST_TYPES } from './error-reply.ts'
import { callOverHttp, isHttp, knockOverHttp, MAX_ANSWER } from './http-call.ts'
import type { HttpTransportSettings } from './jsonrpc-transport.ts'

/** Speaks A2A's HTTP+JSON binding, 1.0 and 0.3, to an agent. */
export function createRestTransport({ maxAnswer = MAX_ANSWER }: HttpTransportSettings = {}): AgentTransport {
  return {
    speaks: ({ url, binding, version }) => binding.toUpperCase() === 'HTTP+JSON' && (version === '1.0' || version === '0.3') && isHttp(url),
    async *invoke(face, operation, request, options) {
      const version: A2aVersion = face.version === '0.3' ? '0.3' : '1.0'
      const { method, path, body } = renderRestCall(operation, withTenant(request, face.tenant), version)
      yield* callOverHttp({
        operation,
        request: {
          url: below(face.url, path),
          method,
          headers: {
            // Agents that are newer than 1.0.0 say a2a+json; all of them read it as JSON.
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            accept: operation.streaming ? `text/event-stream, ${REST_TYPES[version]}` : `${REST_TYPES[version]}, application/json`,
            ...agentHeaders(version, options)
          },
          ...(body === undefined ? {} : { body }),
          signal: options.signal
        },
        maxAnswer,
        parse: (text) => parseRestResponse(operation, text, version),
        parseRefusal: (status, _type, text) => parseRestError(operation, status, text)
      })
    },
    knock: (face, signal) => knockOverHttp(face.url, signal)
  }
}

/** The path comes after the interface's own, whose query (a key, say) stays. */
function below(base: URL, path: string): URL {
  const [pathname = '', query = ''] = path.split('?')
  const url = new URL(base)
  url.pathname = base.pathname.replace(/\/+$/, '') + pathname
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value)
  return url
}

/** The tenant is the agent's affair, said by its card; what a far client put there was meant for another address. */
function withTenant(request: Message, tenant: string): Message {
  const copy: Message & { tenant?: string } = { ...request, tenant }
  return copy
}
