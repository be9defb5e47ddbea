import type { PeerIdentity } from '../../ports/identity.ts'
import type { Caller } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import type { Method } from '../../wire/methods.ts'
import type { Remote } from './hello.ts'

/** Who is calling, if `method` lets them (methods.ts). Throws UNAUTHENTICATED, PERMISSION_DENIED, and what Identities throws for a chain it does not believe. */
export function authorize(method: Method, remote: Pick<Remote, 'peer' | 'identity' | 'require'>, ownDomain: string): Caller {
  if (method.callers.from === 'anyone') return { peer: remote.peer, identity: remote.identity }
  const identity = remote.require()
  if (method.callers.from === 'own' && !identity.own) throw denied(method, identity, `only members of ${ownDomain} may`, ownDomain)
  if (!method.callers.roles.some((role) => identity.roles.includes(role)))
    throw denied(method, identity, `only ${method.callers.roles.join(', ')} may`, ownDomain)
  return { peer: remote.peer, identity }
}

function denied(method: Method, identity: PeerIdentity, why: string, ownDomain: string): HansaError {
  return new HansaError('PERMISSION_DENIED', `${identity.spiffeId} may not call ${method.id}: ${why}`, { domain: ownDomain, method: method.id })
}
