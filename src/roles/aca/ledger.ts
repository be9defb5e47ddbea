import type { Issued } from '../../core/pki/issued.ts'
import type { Voucher } from '../../core/pki/voucher.ts'
import type { Store } from '../../ports/store.ts'

const CERTIFICATES = 'aca.certificates'
const BY_NAME = 'aca.byName'
const BY_PEER = 'aca.byPeer'
const BY_KEY = 'aca.byKey'
const VOUCHERS = 'aca.vouchers'
const BLOCKED = 'aca.blocked'
const STATE = 'aca.state'
const NOTHING = new Uint8Array()

/** Everything that the ACA knows, in the node's store; indexes are rows too, so that a failed commit cannot leave them behind. The caller commits. */
export class Ledger {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  commit(): Promise<void> {
    return this.#store.commit()
  }

  putCertificate(issued: Issued): void {
    this.#store.put(CERTIFICATES, issued.serial, encode(issued))
    this.#store.put(BY_NAME, `${issued.name}/${issued.serial}`, NOTHING)
    this.#store.put(BY_PEER, `${issued.peer}/${issued.serial}`, NOTHING)
    this.#store.put(BY_KEY, `${issued.keyId}/${issued.serial}`, NOTHING)
  }

  certificate(serial: string): Issued | undefined {
    const bytes = this.#store.get(CERTIFICATES, serial)
    return bytes === undefined ? undefined : decode<Issued>(bytes)
  }

  certificates(): Issued[] {
    return [...this.#store.entries(CERTIFICATES)].map(([, bytes]) => decode<Issued>(bytes))
  }

  byName(name: string): Issued[] {
    return this.#indexed(BY_NAME, name)
  }

  byPeer(peer: string): Issued[] {
    return this.#indexed(BY_PEER, peer)
  }

  /** `keyId` names a key of any kind. */
  byKey(keyId: string): Issued[] {
    return this.#indexed(BY_KEY, keyId)
  }

  deleteCertificate(issued: Issued): void {
    this.#store.delete(CERTIFICATES, issued.serial)
    this.#store.delete(BY_NAME, `${issued.name}/${issued.serial}`)
    this.#store.delete(BY_PEER, `${issued.peer}/${issued.serial}`)
    this.#store.delete(BY_KEY, `${issued.keyId}/${issued.serial}`)
  }

  /** `id` is the SHA-256 of the secret, hex: the secret itself is nowhere on disk. */
  putVoucher(id: string, voucher: Voucher): void {
    this.#store.put(VOUCHERS, id, encode(voucher))
  }

  voucher(id: string): Voucher | undefined {
    const bytes = this.#store.get(VOUCHERS, id)
    return bytes === undefined ? undefined : decode<Voucher>(bytes)
  }

  vouchers(): [string, Voucher][] {
    return [...this.#store.entries(VOUCHERS)].map(([id, bytes]) => [id, decode<Voucher>(bytes)])
  }

  deleteVoucher(id: string): void {
    this.#store.delete(VOUCHERS, id)
  }

  /** A key that is never certified again. */
  block(keyId: string): void {
    this.#store.put(BLOCKED, keyId, NOTHING)
  }

  isBlocked(keyId: string): boolean {
    return this.#store.get(BLOCKED, keyId) !== undefined
  }

  /** Latest revocation list, DER. */
  crl(): Uint8Array | undefined {
    return this.#store.get(STATE, 'crl')
  }

  /** Number of the latest list, 0 before the first; kept apart from the list so that a list that cannot be read does not begin again at 1. */
  crlNumber(): number {
    const bytes = this.#store.get(STATE, 'crlNumber')
    return bytes === undefined ? 0 : decode<number>(bytes)
  }

  putCrl(number: number, der: Uint8Array): void {
    this.#store.put(STATE, 'crlNumber', encode(number))
    this.#store.put(STATE, 'crl', der)
  }

  #indexed(table: string, key: string): Issued[] {
    const found: Issued[] = []
    for (const [row] of this.#store.entries(table, { prefix: `${key}/` })) {
      const issued = this.certificate(row.slice(key.length + 1))
      if (issued !== undefined) found.push(issued)
    }
    return found
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** The rows are our own: the store checks their integrity, and nobody else writes them. */
function decode<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T
}
