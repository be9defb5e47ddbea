import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../../ports/clock.ts'
import type { Store } from '../../../../ports/store.ts'
import { rateLimited } from './problem.ts'
import type { AccountRecord, OrderRecord } from './records.ts'

const ACCOUNTS = 'acme.accounts'
/** Account of a key by its thumbprint; also of keys that an account has replaced, so that none begins a second one. */
const KEYS = 'acme.keys'
const ORDERS = 'acme.orders'

const MAX_ACCOUNTS = 10_000
const MAX_ORDERS = 50_000
/** Of one account. */
const MAX_ORDERS_EACH = 1_000
/** Orders that are looked at for each new one: twice as many as are added would do. */
const SWEPT = 16
/** An account that never got anything, or may have nothing any more, gives way after a day when room is needed. */
const IDLE_MS = 24 * 3_600_000

export interface AcmeState {
  account(id: string): AccountRecord | undefined
  accountOf(thumbprint: string): AccountRecord | undefined
  /** Throws rateLimited when there are too many. `isIdle`: whether an account may give way. */
  makeRoomForAccount(isIdle: (account: AccountRecord) => boolean): void
  putAccount(account: AccountRecord): void
  order(id: string): OrderRecord | undefined
  ordersOf(account: string, from: string, limit: number): OrderRecord[]
  /** Throws rateLimited. */
  makeRoomForOrder(account: string): void
  putOrder(order: OrderRecord): void
  /** Resolves when everything is on disk. */
  commit(): Promise<void>
}

export function newId(): string {
  return randomBytes(16).toString('base64url')
}

/** Accounts and orders of the ACME door, which outlive a restart. */
export function createAcmeState(store: Store, clock: Clock): AcmeState {
  let sweptTo = ''

  function read<T>(table: string, key: string): T | undefined {
    const bytes = store.get(table, key)
    return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as T)
  }
  const write = (table: string, key: string, value: unknown): void => store.put(table, key, new TextEncoder().encode(JSON.stringify(value)))
  const account = (id: string): AccountRecord | undefined => read<AccountRecord>(ACCOUNTS, id)

  /** Drops some orders that have ended, going round through all. */
  function sweep(): void {
    const now = clock.now()
    let seen = 0
    for (const [key, bytes] of [...store.entries(ORDERS, { from: sweptTo, limit: SWEPT })]) {
      const { expires } = JSON.parse(new TextDecoder().decode(bytes)) as OrderRecord
      if (now > expires) store.delete(ORDERS, key)
      sweptTo = `${key}\u0000`
      seen += 1
    }
    if (seen < SWEPT) sweptTo = ''
  }

  return {
    account,
    accountOf(thumbprint) {
      const id = read<string>(KEYS, thumbprint)
      return id === undefined ? undefined : account(id)
    },
    makeRoomForAccount(isIdle) {
      if (store.count(ACCOUNTS) < MAX_ACCOUNTS) return
      for (const [id, bytes] of [...store.entries(ACCOUNTS)]) {
        const each = JSON.parse(new TextDecoder().decode(bytes)) as AccountRecord
        if (clock.now() < each.createdAt + IDLE_MS || !isIdle(each)) continue
        store.delete(ACCOUNTS, id)
        for (const key of new Set([each.thumbprint, each.bound])) store.delete(KEYS, key)
      }
      if (store.count(ACCOUNTS) >= MAX_ACCOUNTS) throw rateLimited('there are too many accounts', 3_600_000)
    },
    putAccount(record) {
      write(ACCOUNTS, record.id, record)
      write(KEYS, record.thumbprint, record.id)
    },
    order: (id) => read<OrderRecord>(ORDERS, id),
    ordersOf: (id, from, limit) =>
      [...store.entries(ORDERS, { prefix: `${id}.`, from, limit })].map(([, bytes]) => JSON.parse(new TextDecoder().decode(bytes)) as OrderRecord),
    makeRoomForOrder(id) {
      sweep()
      const own = [...store.entries(ORDERS, { prefix: `${id}.`, limit: MAX_ORDERS_EACH })]
      const ended = own.filter(([, bytes]) => clock.now() > (JSON.parse(new TextDecoder().decode(bytes)) as OrderRecord).expires)
      for (const [key] of ended) store.delete(ORDERS, key)
      if (own.length - ended.length >= MAX_ORDERS_EACH || store.count(ORDERS) >= MAX_ORDERS) throw rateLimited('there are too many orders', 3_600_000)
    },
    putOrder: (order) => write(ORDERS, order.id, order),
    commit: () => store.commit()
  }
}
