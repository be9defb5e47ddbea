import { createHash } from 'node:crypto'
import type { AuthorityDoor, Outcome } from '../../../../ports/authority-door.ts'
import type { Clock } from '../../../../ports/clock.ts'
import type { Store } from '../../../../ports/store.ts'
import { HansaError } from '../../../../schema/errors.ts'

const TABLE = 'est.waiting'
/** As many as may wait at all (config ca.policy.maxPending). */
const MAX_WAITING = 1_000
/** How long one is remembered while it waits, and after it was decided; milliseconds. */
const WAITS_MS = 30 * 24 * 3_600_000
const TOLD_MS = 3_600_000

interface Entry {
  /** See Outcome.applicationId. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** What makes two requests the same one. */
export interface EstRequest {
  readonly csr: Uint8Array
  readonly voucher: string | undefined
  readonly spiffeId: string | undefined
}

export interface Waiting {
  /** How the application that this same request has made fares; `apply` makes it when there is none. */
  resume(request: EstRequest, apply: () => Promise<Outcome>): Promise<Outcome>
}

/** EST clients that were told to wait send their request once more (RFC 7030 4.2.3): it must not become a second application, also after a restart. */
export function createWaiting({ store, door, clock }: { readonly store: Store; readonly door: AuthorityDoor; readonly clock: Clock }): Waiting {
  function known(key: string): { readonly entry: Entry; readonly outcome: Outcome } | undefined {
    const bytes = store.get(TABLE, key)
    const entry = bytes === undefined ? undefined : read(bytes)
    if (entry === undefined || entry.until < clock.now()) return undefined
    try {
      return { entry, outcome: door.application(entry.id) }
    } catch (thrown) {
      if (thrown instanceof HansaError && thrown.code === 'NOT_FOUND') return undefined
      throw thrown
    }
  }

  function makeRoom(): void {
    if (store.count(TABLE) < MAX_WAITING) return
    const now = clock.now()
    for (const [key, bytes] of store.entries(TABLE)) if (read(bytes).until < now) store.delete(TABLE, key)
    if (store.count(TABLE) >= MAX_WAITING) throw new HansaError('OVERLOADED', 'too many applications wait already', { retryAfterMs: 60_000 })
  }

  function keep(key: string, entry: Entry): Promise<void> {
    store.put(TABLE, key, new TextEncoder().encode(JSON.stringify(entry)))
    return store.commit()
  }

  return {
    async resume(request, apply) {
      const key = keyOf(request)
      const before = known(key)
      if (before === undefined) {
        const outcome = await apply()
        if (outcome.state !== 'pending') return outcome
        makeRoom()
        await keep(key, { id: outcome.applicationId, until: clock.now() + WAITS_MS })
        return outcome
      }
      const { entry, outcome } = before
      const until = clock.now() + TOLD_MS
      // An answer may be lost on the way, so it is given again for a while; afterwards the same request is a new application.
      if (outcome.state !== 'pending' && entry.until > until) await keep(key, { id: entry.id, until })
      return outcome
    }
  }
}

function read(bytes: Uint8Array): Entry {
  return JSON.parse(new TextDecoder().decode(bytes)) as Entry
}

/** Who has only seen the request, and not the voucher, cannot ask how it fares. */
function keyOf({ csr, voucher = '', spiffeId = '' }: EstRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([Buffer.from(csr).toString('base64'), voucher, spiffeId]))
    .digest('hex')
}
