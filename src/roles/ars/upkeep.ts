import type { AgentEntry } from '../../ports/agent-database.ts'
import { toHansaError } from '../../schema/errors.ts'
import { RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { ArsDeps } from './deps.ts'
import type { Holdings } from './holdings.ts'
import type { Publication } from './publication.ts'
import { type Registry, signedDescriptionOf } from './registry.ts'

/** Records renewed in one round, so that a server with many agents stays responsive; the next round takes more. */
const MAX_RENEWALS = 500

/** Registrations looked at before others get a turn: each may cost the verification of a chain. */
const BATCH = 200

interface Times {
  /** A registration is renewed from then on, and what the operator ended, so that it stays ended; another tombstone never is. */
  readonly renewAt: number
  readonly expiresAt: number
}

/** Keeps the database true without anybody asking: renews, ends, takes away. */
export class Upkeep {
  readonly #deps: ArsDeps
  readonly #registry: Registry
  readonly #publication: Publication
  readonly #holdings: Holdings
  /** By resource ID, so that a round need not read the whole database. */
  readonly #times = new Map<string, Times>()

  constructor(deps: ArsDeps, registry: Registry, publication: Publication, holdings: Holdings) {
    this.#deps = deps
    this.#registry = registry
    this.#publication = publication
    this.#holdings = holdings
  }

  /** Reads what the database holds, once, at the start. */
  begin(): void {
    for (const entry of this.#deps.database.all()) this.changed(entry)
  }

  changed({ record }: AgentEntry): void {
    const [issuedAt, expiresAt] = [Number(record.issuedAt), Number(record.expiresAt)]
    this.#times.set(record.resourceId, { renewAt: record.state === RecordState.REGISTERED || record.barred ? (issuedAt + expiresAt) / 2 : Infinity, expiresAt })
  }

  /** Ends the registrations whose certificate has been revoked (draft 3.1.2, 3.2.2). */
  async endRevoked(): Promise<void> {
    let looked = 0
    for (const entry of this.#registry.standing()) {
      if (++looked % BATCH === 0) await new Promise<void>((resolve) => void this.#deps.clock.after(0, resolve))
      if (this.#refusal(entry) !== 'CERTIFICATE_REVOKED') continue
      await this.#registry.end(entry)
      this.#deps.log.warn({ agent: entry.record.handle }, 'registration ended: its certificate has been revoked')
    }
  }

  /**
   * Signs records in the second half of their life anew while the agent's certificate stands, and takes away what has expired: an expired record is refused
   * everywhere, so nothing can come back.
   */
  async round(): Promise<void> {
    const { clock, database } = this.#deps
    const now = clock.now()
    const renewals: Promise<AgentEntry>[] = []
    let removed = false
    for (const [resourceId, { renewAt, expiresAt }] of this.#times) {
      if (now < renewAt && now < expiresAt) continue
      const entry = database.get(resourceId)
      if (entry === undefined) this.#times.delete(resourceId)
      else if (now >= expiresAt && !entry.record.barred) {
        this.#remove(entry)
        removed = true
      } else if (renewals.length < MAX_RENEWALS && (entry.record.barred || this.#refusal(entry) === undefined)) renewals.push(this.#registry.renew(entry))
    }
    await Promise.all(renewals)
    if (removed) await database.commit()
  }

  #remove(entry: AgentEntry): void {
    const { resourceId } = entry.record
    this.#deps.database.delete(resourceId)
    this.#holdings.forget(resourceId, entry.gateway)
    this.#publication.forget(entry)
    this.#times.delete(resourceId)
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
