import type { ErrorCode, HansaError } from '../../schema/errors.ts'
import type { AgentTiming } from './config.ts'

/** Failures that may pass by themselves; everything else is a refusal, and somebody has to change something. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PEER_UNREACHABLE',
  'CONNECTION_LOST',
  'DEADLINE_EXCEEDED',
  'CANCELED',
  'OVERLOADED',
  'RATE_LIMITED',
  'TOO_MANY_CALLS',
  'AGENT_UNREACHABLE',
  'STORE_FAILED',
  // The other node is just starting, or so are we.
  'METHOD_NOT_FOUND',
  'UNAUTHENTICATED'
])

export function isRefusal(error: HansaError): boolean {
  return !PASSING.has(error.code)
}

/** Growing pauses between attempts, capped, and spread so that the agents of a domain do not return all at once. */
export class Retry {
  readonly #timing: AgentTiming
  readonly #seed: () => string
  #failures = 0

  /** `seed` (the PeerId, once there is one) gives each node a place of its own between half and all of each pause. */
  constructor(timing: AgentTiming, seed: () => string) {
    this.#timing = timing
    this.#seed = seed
  }

  reset(): void {
    this.#failures = 0
  }

  /** Whole milliseconds to wait after this failure; never less than a rate limit asks for. */
  next(error: HansaError): number {
    const { retryMin, retryMax, refusedMin, refusedMax } = this.#timing
    const [least, most] = isRefusal(error) ? [refusedMin, refusedMax] : [retryMin, retryMax]
    const grown = Math.round(Math.min(most, least * 2 ** Math.min(this.#failures++, 30)) * (0.5 + fraction(this.#seed()) / 2))
    const asked = Number(error.metadata['retryAfterMs'])
    return error.code === 'RATE_LIMITED' && asked > 0 ? Math.min(refusedMax, Math.max(Math.ceil(asked), grown)) : grown
  }
}

/** FNV-1a over the text, as 0 <= x < 1: the same for the same node, different between nodes. */
function fraction(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash / 2 ** 32
}
