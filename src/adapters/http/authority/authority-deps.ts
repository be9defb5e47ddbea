import type { FastifyRequest } from 'fastify'
import type { AuthorityDoor } from '../../../ports/authority-door.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import type { Log } from '../../../ports/log.ts'
import type { Store } from '../../../ports/store.ts'

/** An ACA whose doors stand behind the ingress. */
export interface AuthoritySettings {
  readonly door: AuthorityDoor
  /** Where EST and ACME keep what must outlive a restart. */
  readonly store: Store
  /** Whether EST and ACME are served. */
  readonly est: boolean
  readonly acme: boolean
}

export interface AuthorityRouteDeps extends Omit<AuthoritySettings, 'est' | 'acme'> {
  readonly clock: Clock
  readonly log: Log
  /** How the client came, as far as the connection and the operator's proxies tell. */
  readonly channel: (request: FastifyRequest) => Channel
}

export interface Channel {
  /** Base URL under which this client reaches us, without a slash at the end. */
  readonly base: string
  /** True when nobody on the way can read along. */
  readonly secure: boolean
  /** Certificate that the client has shown and proved, believed. */
  readonly identity?: PeerIdentity
  /** That certificate, DER. */
  readonly certificate?: Uint8Array
  /** IP address. */
  readonly address?: string
}
