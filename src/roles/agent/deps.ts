import type { Sha256 } from '../../core/crypto.ts'
import type { AgentClient } from '../../ports/agent-client.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { Network } from '../../ports/network.ts'
import type { Store } from '../../ports/store.ts'
import type { RegistrationDeps } from './registration.ts'

/** What the agent role needs of its node. */
export interface AgentDeps extends RegistrationDeps {
  readonly log: Log
  /** Tells when the connection to the gateway is gone; heartbeats find it out later. */
  readonly network?: Pick<Network, 'onDisconnect'>
  /** Speaks to the agent itself. */
  readonly client: AgentClient
  readonly metrics?: Metrics
  /** Messages that were taken, with their answers. */
  readonly store: Store
  readonly sha256: Sha256
}
