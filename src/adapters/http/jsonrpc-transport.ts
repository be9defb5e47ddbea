import type { Message } from '@bufbuild/protobuf'
import type { AgentTransport } from '../../ports/agent-client.ts'
import { HansaError } from '../../schema/errors.ts'
import { agentHeaders } from '../../wire/binding/agent-headers.ts'
import { parseAnswer, renderCall } from '../../wire/binding/a2a-jsonrpc-client.ts'
import type { A2aVersion } from '../../wire/binding/a2a-version.ts'
import { callOverHttp, isHttp, knockOverHttp, MAX_ANSWER } from './http-call.ts'

export interface HttpTransportSettings {
  /** Largest answer or event, in bytes. */
  readonly maxAnswer?: number
}

/**
 * Speaks A2A JSON-RPC over HTTP, 1.0 and 0.3: second half of the translation of protocols (draft 2.5, 3.3.2), out of the canonical message into the target's format.
 */
export function createJsonRpcTransport({ maxAnswer = MAX_ANSWER }: HttpTransportSettings = {}): AgentTransport {
  let lastId = 0
  return {
    speaks: ({ url, binding, version }) => binding.toUpperCase() === 'JSONRPC' && (version === '1.0' || version === '0.3') && isHttp(url),
    invoke(face, operation, request, options) {
      const { url } = face
      const version: A2aVersion = face.version === '0.3' ? '0.3' : '1.0'
      const id = ++lastId
      const parse = (text: string): Message => parseAnswer(id, operation, text, version)
      return lazily(() => ({
        operation,
        request: {
          url,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: operation.streaming ? 'text/event-stream, application/json' : 'application/json',
            ...agentHeaders(version, options)
          },
          body: renderCall(id, operation, withTenant(request, face.tenant), version),
          signal: options.signal
        },
        maxAnswer,
        parse,
        parseRefusal: (status, type, text) => (type.includes('json') ? parse(text) : refused(url, status))
      }))
    },
    knock: (face, signal) => knockOverHttp(face.url, signal)
  }
}

/** What is wrong with a call is told when its answers are asked for, like everything else. */
async function* lazily(call: () => Parameters<typeof callOverHttp>[0]): AsyncGenerator<Message, void, undefined> {
  yield* callOverHttp(call())
}

/** The tenant is the agent's affair, said by its card; what a far client put there was meant for another address. */
function withTenant(request: Message, tenant: string): Message {
  const copy: Message & { tenant?: string } = { ...request, tenant }
  return copy
}

function refused(url: URL, status: number | undefined): HansaError {
  return new HansaError('AGENT_FAILED', `the agent at ${url.origin} answered with HTTP ${status}`, { status: status ?? 0 })
}
