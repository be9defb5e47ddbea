import type { AgentEntry } from '../../ports/agent-database.ts'
import { toHansaError } from '../../schema/errors.ts'
import { RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { ArsDeps } from './deps.ts'
import type { Holdings } from './holdings.ts'
import type { Publication } from './publication.ts'
import { type Registry, signedDescriptionOf } from './registry.ts'

/** Records renewed in one round, so that a server with many agents stays responsive; the next round takes more. */
const MAX_RENEWALS = 500

/** Keeps the database true without anybody asking: renews, ends, takes away. */
export class Upkeep {
  readonly #deps: ArsDeps
  readonly #registry: Registry
  readonly #publication: Publication
  readonly #holdings: Holdings

  constructor(deps: ArsDeps, registry: Registry, publication: Publication, holdings: Holdings) {
    this.#deps = deps
    this.#registry = registry
    this.#publication = publication
    this.#holdings = holdings
  }

  /** Ends the registrations whose certificate has been revoked (draft 3.1.2, 3.2.2). */
  async endRevoked(): Promise<void> {
    const revoked = [...this.#registry.standing()].filter((entry) => this.#refusal(entry) === 'CERTIFICATE_REVOKED')
    await Promise.all(
      revoked.map(async (entry) => {
        await this.#registry.end(entry)
        this.#deps.log.warn({ agent: entry.record.handle }, 'registration ended: its certificate has been revoked')
      })
    )
  }

  /**
   * Signs records in the second half of their life anew while the agent's certificate stands, and takes away what has expired: an expired record is refused
   * everywhere, so nothing can come back.
   */
  async round(): Promise<void> {
    const now = this.#deps.clock.now()
    const renewals: AgentEntry[] = []
    let removed = false
    for (const entry of this.#deps.database.all()) {
      const { record } = entry
      if (Number(record.expiresAt) <= now) {
        this.#deps.database.delete(record.resourceId)
        this.#holdings.forget(record.resourceId, entry.gateway)
        this.#publication.forget(entry)
        removed = true
      } else if (
        record.state === RecordState.REGISTERED &&
        now >= (Number(record.issuedAt) + Number(record.expiresAt)) / 2 &&
        renewals.length < MAX_RENEWALS &&
        this.#refusal(entry) === undefined
      )
        renewals.push(entry)
    }
    await Promise.all(renewals.map((entry) => this.#registry.renew(entry)))
    if (removed) await this.#deps.database.commit()
  }

  /** Why the certificate that registered is no longer good. */
  #refusal(entry: AgentEntry): string | undefined {
    try {
      this.#deps.identities.verifySigner(signedDescriptionOf(entry).chain)
      return undefined
    } catch (thrown) {
      return toHansaError(thrown).code
    }
  }
}
