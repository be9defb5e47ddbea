import type { Sha256 } from '../../core/crypto.ts'
import type { Role } from '../../core/ids/role.ts'
import type { AgentDatabase } from '../../ports/agent-database.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Dht } from '../../ports/dht.ts'
import type { Identities } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { Records } from '../../ports/records.ts'
import type { Rpc } from '../../ports/rpc.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'

/** The nodes of the own domain that are known now. Hints: each proves itself when it is called. */
export interface Members {
  self(): NodeInfo
  find(role: Role): readonly NodeInfo[]
}

/** What the registration server needs. */
export interface ArsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly rpc: Rpc
  readonly records: Records
  readonly identities: Identities
  readonly dht: Dht
  readonly database: AgentDatabase
  readonly members: Members
  readonly sha256: Sha256
  readonly metrics?: Metrics
}
