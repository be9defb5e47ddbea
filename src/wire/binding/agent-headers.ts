import { HansaError } from '../../schema/errors.ts'
import { traceHeaders } from '../trace-context.ts'
import type { A2aVersion } from './a2a-version.ts'

/** About one call. */
export interface CallFacts {
  readonly extensions: readonly string[]
  /** SPIFFE ID of the caller. */
  readonly principal: string
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

/** What an agent is told beside the message, as headers of HTTP or metadata of gRPC. Throws INVALID_ARGUMENT for an extension that would break out of its header. */
export function agentHeaders(version: A2aVersion, { extensions, principal, traceparent, tracestate }: CallFacts): Record<string, string> {
  const unfit = extensions.find((uri) => !/^[\x21-\x2b\x2d-\x7e]+$/.test(uri))
  if (unfit !== undefined) throw new HansaError('INVALID_ARGUMENT', `not the URI of an extension: ${JSON.stringify(unfit.slice(0, 80))}`)
  return {
    'a2a-version': version,
    // 0.3 wrote it with an X.
    ...(extensions.length > 0 ? { [version === '0.3' ? 'x-a2a-extensions' : 'a2a-extensions']: extensions.join(', ') } : {}),
    // Who calls, as the network has verified it. Agents that know nothing of it ignore it.
    'x-hansa-principal': principal,
    ...traceHeaders({ traceparent, tracestate })
  }
}
