import type { Sha256 } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import type { ApplicationRecord } from '../../core/pki/application.ts'
import type { Waiting } from '../../core/pki/queue-shares.ts'
import type { Store } from '../../ports/store.ts'
import { decodeRow, encodeRow } from './rows.ts'

const BYTES = new TextEncoder()

const APPLICATIONS = 'aca.applications'
const BY_REPEAT = 'aca.applicationRepeats'
/** Of those that wait: by who has proved nothing or something, then by applicant. */
const WAITING = 'aca.applicationsWaiting'
/** By when they end, so that forgetting reads no more than what is forgotten. */
const ENDS = 'aca.applicationEnds'
/** ID tokens that have been taken, until they end by themselves. */
const SPENT = 'aca.spentTokens'
const NOTHING = new Uint8Array()

/** 40 bits: enough to tell the applications of a queue apart. */
const REF_LENGTH = 10

/** Short public name of an application; it tells nothing of the secret. */
export function refOf(id: string, sha256: Sha256): string {
  return hex(sha256(BYTES.encode(id))).slice(0, REF_LENGTH)
}

/** Applications in the node's store; indexes are rows too, so that a failed commit cannot leave them behind. The caller commits. */
export class ApplicationStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  put(record: ApplicationRecord): void {
    const before = this.get(record.ref)
    if (before !== undefined) this.#store.delete(ENDS, endKey(before))
    this.#store.put(ENDS, endKey(record), NOTHING)
    this.#store.put(APPLICATIONS, record.ref, encodeRow(record))
    this.#store.put(BY_REPEAT, record.repeat, encodeRow(record.ref))
    if (record.state === 'pending') this.#store.put(WAITING, waitingKey(record), NOTHING)
    else this.#store.delete(WAITING, waitingKey(record))
  }

  get(ref: string): ApplicationRecord | undefined {
    const bytes = this.#store.get(APPLICATIONS, ref)
    return bytes === undefined ? undefined : decodeRow<ApplicationRecord>(bytes)
  }

  /** By the secret that its applicant has. */
  byId(id: string, sha256: Sha256): ApplicationRecord | undefined {
    const record = this.get(refOf(id, sha256))
    return record?.id === id ? record : undefined
  }

  /** The same request, brought with the same, if it has come before. */
  byRepeat(repeat: string): ApplicationRecord | undefined {
    const bytes = this.#store.get(BY_REPEAT, repeat)
    return bytes === undefined ? undefined : this.get(decodeRow<string>(bytes))
  }

  pending(): ApplicationRecord[] {
    return [...this.#store.entries(WAITING)].flatMap(([key]) => this.get(key.slice(key.lastIndexOf('/') + 1)) ?? [])
  }

  pendingCount(): number {
    return this.#store.count(WAITING)
  }

  /** How many wait already; counted no further than a share goes. */
  waiting(share: string, unprovenLimit: number): Waiting {
    const count = (prefix: string, limit: number): number => [...this.#store.entries(WAITING, { prefix, limit })].length
    const each = count(`proven/${share}/`, unprovenLimit) + count(`unproven/${share}/`, unprovenLimit)
    return { each, unproven: count('unproven/', unprovenLimit), total: this.pendingCount() }
  }

  delete(record: ApplicationRecord): void {
    this.#store.delete(APPLICATIONS, record.ref)
    this.#store.delete(WAITING, waitingKey(record))
    this.#store.delete(ENDS, endKey(record))
    // A later application may have taken the place.
    const latest = this.byRepeat(record.repeat)
    if (latest === undefined || latest.ref === record.ref) this.#store.delete(BY_REPEAT, record.repeat)
  }

  /** Forgets what has ended: applications that nobody decided about, rejections, those whose certificate is forgotten, and tokens. */
  forget(now: number): void {
    const ended: ApplicationRecord[] = []
    for (const [key] of this.#store.entries(ENDS)) {
      if (key >= padded(now)) break
      const record = this.get(key.slice(key.indexOf('/') + 1))
      if (record !== undefined) ended.push(record)
    }
    for (const record of ended) this.delete(record)
    const spent = [...this.#store.entries(SPENT)].filter(([, bytes]) => now > decodeRow<number>(bytes))
    for (const [key] of spent) this.#store.delete(SPENT, key)
  }

  spend(token: string, until: number): void {
    this.#store.put(SPENT, token, encodeRow(until))
  }

  isSpent(token: string): boolean {
    return this.#store.get(SPENT, token) !== undefined
  }
}

function waitingKey({ share, proven, ref }: ApplicationRecord): string {
  return `${proven ? 'proven' : 'unproven'}/${share}/${ref}`
}

function endKey({ expiresAt, ref }: ApplicationRecord): string {
  return `${padded(expiresAt)}/${ref}`
}

function padded(ms: number): string {
  return String(Math.ceil(ms)).padStart(16, '0')
}
