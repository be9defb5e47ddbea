import type { ServerWritableStream } from '@grpc/grpc-js'
import { parseHandle } from '../../core/ids/agent-id.ts'
import { isDomain, quote } from '../../core/ids/domain.ts'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor } from '../../ports/gateway-door.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { GrpcBinding } from '../../wire/binding/a2a-grpc.ts'
import type { Operation } from '../../wire/operations.ts'
import type { AdmittedCall } from './admission.ts'
import { createResponseWriter } from './response-writer.ts'

/** Longest deadline that the network carries (call.proto), in milliseconds. */
const MAX_TIMEOUT_MS = 3_600_000

export interface AnswerDeps {
  readonly door: GatewayDoor
  readonly clock: Clock
}

/**
 * One call of A2A's gRPC binding, from the exact bytes of its message. First half of the translation of protocols (draft 2.5, 3.3.2): out of the sender's
 * format into the canonical message. On the wire a single answer is a stream of one. Never throws.
 */
export async function answer(
  deps: AnswerDeps,
  binding: GrpcBinding,
  operation: Operation,
  call: ServerWritableStream<Buffer, Buffer>,
  admitted: AdmittedCall
): Promise<void> {
  const { principal, said, signal, cut } = admitted
  try {
    const { message, tenant } = binding.parseRequest(operation, call.request)
    const { extensions, traceparent, tracestate, acceptLanguage, contentLanguage } = said
    const responses = deps.door.call({
      principal,
      target: targetOf(tenant ?? agentOf(said.agent, call.getHost())),
      operation,
      message,
      extensions,
      signal,
      timeoutMs: timeLeft(call, deps.clock),
      traceparent,
      tracestate,
      acceptLanguage,
      contentLanguage
    })
    const writer = createResponseWriter({ call, clock: deps.clock, signal, cut })
    // To its end, though one answer is all that comes to most operations: a call that is left early is cut, and its streams with it.
    for await (const response of responses) await writer.send(binding.renderResponse(operation, response))
    await writer.flushed()
    call.end()
  } catch (thrown) {
    admitted.fail(toHansaError(thrown))
  }
}

/** Where the message has no place for it: as the client says, or by the host that it calls. Throws INVALID_ARGUMENT. */
function agentOf(said: string | undefined, host: string): string {
  if (said !== undefined) return said
  const [, name = '', domain = ''] = /^([^.]+)\.(.+?)(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? []
  if (isDomain(domain)) return `${name}@${domain}`
  throw new HansaError(
    'INVALID_ARGUMENT',
    'which agent? A2A 0.3 over gRPC has no tenant: say name@domain in the metadata x-hansa-agent, or call the host name.domain',
    { field: 'x-hansa-agent' }
  )
}

/** A name that cannot be an agent's is an agent that does not exist. */
function targetOf(handle: string): string {
  try {
    parseHandle(handle)
    return handle
  } catch (cause) {
    throw new HansaError('AGENT_NOT_FOUND', `no agent has the handle ${quote(handle)}`, { agent: handle.slice(0, 80) }, cause)
  }
}

/** From grpc-timeout, in milliseconds; undefined when the client set none. */
function timeLeft(call: ServerWritableStream<Buffer, Buffer>, clock: Clock): number | undefined {
  const deadline = Number(call.getDeadline())
  return Number.isFinite(deadline) ? Math.min(Math.max(1, Math.ceil(deadline - clock.now())), MAX_TIMEOUT_MS) : undefined
}
