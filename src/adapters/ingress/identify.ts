import type { Identify, Principal } from '../../ports/gateway-door.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import { HansaError } from '../../schema/errors.ts'

/** Which clients are known without a certificate: those on the gateway's own machine, or none. */
export type Clients = 'loopback' | 'none'

/** Who stands at a foreign door, whatever it speaks: see Identify. */
export function createIdentify(deps: {
  readonly self: () => Principal | undefined
  readonly clients: Clients
  /** Throws for an identity that is believed no longer. */
  readonly check: (identity: PeerIdentity) => void
}): Identify {
  return ({ identity, address }) => {
    const self = deps.self()
    if (self === undefined) throw new HansaError('OVERLOADED', 'the gateway has no certificate yet')
    if (identity !== undefined) {
      deps.check(identity)
      return { spiffeId: identity.spiffeId }
    }
    if (deps.clients === 'none') throw refused('clients without a certificate are not served')
    if (!isLoopback(address)) throw refused('only clients on the machine of the gateway are known without one')
    return { spiffeId: self.spiffeId }
  }
}

function refused(why: string): HansaError {
  return new HansaError('UNAUTHENTICATED', `${why}; other clients need a certificate of a domain that is listed here`)
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address))
}
