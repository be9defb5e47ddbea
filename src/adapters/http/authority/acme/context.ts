import type { AuthorityRouteDeps } from '../authority-deps.ts'
import type { Doorkeeper } from './doorkeeper.ts'
import type { AcmeState } from './state.ts'

/** What the routes of ACME have in common. */
export interface AcmeContext extends AuthorityRouteDeps {
  readonly state: AcmeState
  readonly doorkeeper: Doorkeeper
}
