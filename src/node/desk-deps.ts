import type { Clock } from '../ports/clock.ts'
import type { Network } from '../ports/network.ts'
import type { Records } from '../ports/records.ts'
import type { Rpc } from '../ports/rpc.ts'
import type { Aca } from '../roles/aca/aca.ts'
import type { AgentService } from '../roles/agent/agent.ts'
import type { Ars } from '../roles/ars/ars.ts'
import type { MemberIdentities } from '../roles/member/member-identities.ts'
import type { Member } from '../roles/member/member.ts'
import type { Home } from './home/open-home.ts'

/** What the desk needs of its node; roles that the node does not have are undefined. */
export interface DeskDeps {
  readonly home: Home
  readonly identities: MemberIdentities
  readonly network: Network
  readonly member: Member
  readonly clock: Clock
  readonly rpc: Rpc
  readonly records: Records
  readonly aca?: Aca
  readonly ars?: Ars
  readonly agent?: AgentService
}
