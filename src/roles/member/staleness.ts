import { type Freshness, freshness } from '../../core/pki/freshness.ts'
import type { Store } from '../../ports/store.ts'
import type { HeldCrl, Revocations } from './revocations.ts'

/** When each CA was first met of which no list has come yet. */
const TABLE = 'trust.unlisted'
/** CAs of one domain of which no list has come; a domain has one or two that sign. A root could make them without end, and each is remembered. */
const MAX_UNLISTED = 64

/** What becomes of certificates whose CA has not been heard of for too long. */
export interface StalePolicy {
  /** True at gateways and servers: they fail closed. */
  readonly refuse: boolean
  /** How long after its nextUpdate a list still does. Milliseconds. */
  readonly graceMs: number
}

/** Whoever embeds identities without a policy (a newcomer that enrols) refuses nobody for want of a list. */
export const ACCEPT_STALE: StalePolicy = { refuse: false, graceMs: 24 * 3_600_000 }

/** How well a node is informed about one domain. */
export interface ListState {
  readonly domain: string
  /** By the newest list of an issuing CA; `none` while there has been none, which is believed for one grace from the first certificate that was seen. */
  readonly state: Freshness | 'none'
  readonly number?: number
  /** Milliseconds since the epoch. */
  readonly nextUpdate?: number
}

/**
 * Until when what a CA has signed is believed, as far as its revocation lists go. A list past its nextUpdate still does for a grace, so that an ACA that is down
 * does not take its domain with it. A CA of which no list was ever held is believed for one grace from the first time that one of its certificates was seen:
 * a newcomer must be able to ask before it can know.
 */
export class Staleness {
  readonly #policy: StalePolicy
  readonly #store: Store
  readonly #revocations: Revocations
  readonly #firstSeen = new Map<string, number>()

  constructor(policy: StalePolicy, store: Store, revocations: Revocations) {
    this.#policy = policy
    this.#store = store
    this.#revocations = revocations
    for (const [key, bytes] of store.entries(TABLE)) if (bytes.length === 8) this.#firstSeen.set(key, new DataView(bytes.slice().buffer).getFloat64(0))
  }

  /** The last moment at which certificates of this CA are believed; Infinity where policy sets none. Remembers a CA that is new: the caller commits then (true). */
  until(domain: string, issuer: string, now: number): { readonly until: number; readonly noted: boolean } {
    const held = this.#revocations.get(domain, issuer)
    if (held !== undefined) return { until: this.#last(held.nextUpdate), noted: false }
    const key = `${domain}/${issuer}`
    const seen = this.#firstSeen.get(key)
    // A clock that was ahead once must not make the grace longer.
    if (seen !== undefined && seen <= now) return { until: this.#last(seen), noted: false }
    if (seen === undefined && this.#unlisted(domain) >= MAX_UNLISTED) return { until: this.#last(-Infinity), noted: false }
    this.#firstSeen.set(key, now)
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, now)
    this.#store.put(TABLE, key, bytes)
    return { until: this.#last(now), noted: true }
  }

  /** A list of this CA has come. The caller commits. */
  heard(domain: string, issuer: string): void {
    if (this.#firstSeen.delete(`${domain}/${issuer}`)) this.#store.delete(TABLE, `${domain}/${issuer}`)
  }

  /** The domain is no longer listed. The caller commits. */
  drop(domain: string): void {
    for (const key of [...this.#firstSeen.keys()]) if (key.startsWith(`${domain}/`)) this.heard(domain, key.slice(domain.length + 1))
  }

  stateOf(domain: string, now: number): ListState {
    const [newest] = this.#revocations.of(domain).filter(({ root }) => !root)
    if (newest !== undefined) {
      const { number, nextUpdate } = newest
      return { domain, state: freshness(nextUpdate, this.#policy.graceMs, now), number, nextUpdate }
    }
    const seen = [...this.#firstSeen].filter(([key]) => key.startsWith(`${domain}/`)).map(([, at]) => at)
    return { domain, state: seen.length > 0 && freshness(Math.max(...seen), this.#policy.graceMs, now) === 'stale' ? 'stale' : 'none' }
  }

  /** What an operator should know of it, in one sentence; undefined while all is well. */
  complaint(domain: string, now: number): string | undefined {
    const { state, nextUpdate } = this.stateOf(domain, now)
    const { refuse, graceMs } = this.#policy
    if (state === 'current') return undefined
    const what =
      nextUpdate === undefined
        ? `no revocation list of ${domain} has come yet`
        : `the revocation list of ${domain} should have been replaced at ${iso(nextUpdate)}`
    if (!refuse) return what
    if (state === 'stale') return `${what}; its certificates are refused`
    return nextUpdate === undefined ? what : `${what}; its certificates are refused from ${iso(nextUpdate + graceMs)} on`
  }

  /** Changes whenever some CA comes into another state: what was decided before may be decided otherwise now. */
  signature(now: number): string {
    const lists = this.#revocations.all().map((held: HeldCrl) => `${held.domain}/${held.issuer} ${freshness(held.nextUpdate, this.#policy.graceMs, now)}`)
    const unlisted = [...this.#firstSeen].map(([key, at]) => `${key} ${freshness(at, this.#policy.graceMs, now)}`)
    return [...lists, ...unlisted].join('\n')
  }

  #unlisted(domain: string): number {
    let count = 0
    for (const key of this.#firstSeen.keys()) if (key.startsWith(`${domain}/`)) count++
    return count
  }

  #last(due: number): number {
    return this.#policy.refuse ? due + this.#policy.graceMs : Infinity
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
