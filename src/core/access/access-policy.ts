import { type AgentId, formatHandle } from '../ids/agent-id.ts'
import { covers } from '../ids/capability.ts'

/** What an access policy knows. */
export interface AccessSettings {
  readonly ownDomain: string
  /**
   * Which agents of the own domain the listed domains may reach: handles (`flight@north.example`, with `*` for any run of characters of the name),
   * capabilities (`travel`, which covers all below it), or `*` for all. An empty list exports nothing.
   */
  readonly exported: readonly string[]
}

/** Somebody of `caller` (a trust domain) wants to reach `target`. */
export interface AccessRequest {
  readonly caller: string
  readonly target: AgentId
  /** What the target offers; asked only when its handle does not decide. */
  readonly capabilities: () => readonly string[]
  /** Domains whose roots are listed now; the own one need not be among them. */
  readonly listed: readonly string[]
}

/** Public sentence and the domain whose operator could change the answer. */
export interface AccessRefusal {
  readonly code: 'PERMISSION_DENIED' | 'UNKNOWN_DOMAIN'
  readonly message: string
  readonly domain: string
}

export interface AccessPolicy {
  /** Undefined when the call may go on. */
  review(request: AccessRequest): AccessRefusal | undefined
  /** True when listed domains may reach this agent of the own domain. */
  exports(agent: AgentId, capabilities: () => readonly string[]): boolean
}

/**
 * The first policy: the own domain may reach everything; listed domains may reach what is exported, and may cross this gateway on their way to another
 * listed domain; anybody else may nothing. What happens inside another domain is that domain's decision.
 */
export function createAccessPolicy(settings: AccessSettings): AccessPolicy {
  const handles = settings.exported.filter((text) => text === '*' || text.includes('@')).map(toPattern)
  const offers = settings.exported.filter((text) => text !== '*' && !text.includes('@'))

  function exports(agent: AgentId, capabilities: () => readonly string[]): boolean {
    const handle = formatHandle(agent)
    if (handles.some((pattern) => pattern.test(handle))) return true
    return offers.length > 0 && capabilities().some((offered) => offers.some((wanted) => covers(wanted, offered)))
  }

  function review({ caller, target, capabilities, listed }: AccessRequest): AccessRefusal | undefined {
    const known = (domain: string): boolean => domain === settings.ownDomain || listed.includes(domain)
    for (const domain of [caller, target.domain])
      if (!known(domain)) return { code: 'UNKNOWN_DOMAIN', message: `the domain ${domain} is not listed here`, domain: settings.ownDomain }
    if (caller === settings.ownDomain || target.domain !== settings.ownDomain || exports(target, capabilities)) return undefined
    return { code: 'PERMISSION_DENIED', message: `${formatHandle(target)} is not exported to ${caller}`, domain: settings.ownDomain }
  }

  return { review, exports }
}

function toPattern(text: string): RegExp {
  // A run of stars is one star, so that a pattern cannot make the matcher slow.
  const literals = text.split(/\*+/).map((literal) => literal.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literals.join('.*')}$`)
}
