import type { Clock } from '../../ports/clock.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import { RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { ArsDeps } from './deps.ts'
import { NOTICE_TIMEOUT_MS, TombstoneRound } from './tombstone-round.ts'

/** An agent that deregisters hears that it has before its certificate ends: from then on its streams are cut. Milliseconds. */
const ANSWER_MS = 1000

/** draft 2.2: tells the ACAs of the domain which registrations have ended; their policy says whether certificates end with them. */
export class AuthorityNotices {
  readonly #clock: Clock
  readonly #round: TombstoneRound

  constructor(deps: ArsDeps) {
    const { rpc, members, clock } = deps
    this.#clock = clock
    this.#round = new TombstoneRound(deps, {
      nodes: () => members.find('aca'),
      concerns: ({ record }) => record.state === RecordState.DEREGISTERED,
      async tell({ spiffeId, peerId, multiaddrs }, { record }) {
        const target = { peer: peerId, addresses: multiaddrs, expect: { spiffeId, role: 'aca' as const } }
        const notice = { agent: record.spiffeId, peer: record.peerId, barred: record.barred, at: record.issuedAt }
        await rpc.call(target, methods.deregistered, notice, { timeoutMs: NOTICE_TIMEOUT_MS })
      }
    })
  }

  /** Reads what the database holds, once, at the start. */
  begin(): void {
    this.#round.begin()
  }

  changed(entry: AgentEntry): void {
    if (this.#round.changed(entry)) this.#clock.after(ANSWER_MS, () => void this.#round.round())
  }

  /** Tells each ACA what it has not acknowledged. Never throws. */
  round(): Promise<void> {
    return this.#round.round()
  }
}
