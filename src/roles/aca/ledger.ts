import { hex } from '../../core/ids/hex.ts'
import type { Issued } from '../../core/pki/issued.ts'
import type { Voucher } from '../../core/pki/voucher.ts'
import type { Store } from '../../ports/store.ts'
import { decodeRow, encodeRow } from './rows.ts'

const BYTES = new TextEncoder()

const CERTIFICATES = 'aca.certificates'
const BY_NAME = 'aca.byName'
const BY_PEER = 'aca.byPeer'
const BY_KEY = 'aca.byKey'
const BY_ORGANISATION = 'aca.byOrganisation'
const BY_DNS_NAME = 'aca.byDnsName'
const BY_END = 'aca.byEnd'
/** What is on a list, by CA: small rows, so that a list of 100,000 is made without reading 100,000 certificates. */
const REVOKED = 'aca.revoked'
const VOUCHERS = 'aca.vouchers'
const BLOCKED = 'aca.blocked'
/** Keys of the CAs that this ACA has ever had, by SHA-256. */
const CA_KEYS = 'aca.caKeys'
const STATE = 'aca.state'
const NOTHING = new Uint8Array()

/** An entry of a list; `reason` is a name of RFC 5280 5.3.1. */
export interface RevokedRow {
  readonly serial: string
  /** Milliseconds since the epoch, both. */
  readonly at: number
  readonly notAfter: number
  readonly reason: string
}

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
    const { serial, issuer, revokedAt, notAfter, reason = 'unspecified' } = issued
    this.#store.put(CERTIFICATES, serial, encodeRow(issued))
    for (const [table, key] of indexesOf(issued)) this.#store.put(table, key, NOTHING)
    const row = `${issuer}/${serial}`
    if (revokedAt === undefined && this.#store.get(REVOKED, row) === undefined) return
    if (revokedAt === undefined) this.#store.delete(REVOKED, row)
    else this.#store.put(REVOKED, row, encodeRow([revokedAt, notAfter, reason]))
    this.#store.put(STATE, `crlOwed/${issuer}`, NOTHING)
  }

  certificate(serial: string): Issued | undefined {
    const bytes = this.#store.get(CERTIFICATES, serial)
    return bytes === undefined ? undefined : decodeRow<Issued>(bytes)
  }

  certificates(): Issued[] {
    return [...this.#store.entries(CERTIFICATES)].map(([, bytes]) => decodeRow<Issued>(bytes))
  }

  byName(name: string): Issued[] {
    return this.#indexed(BY_NAME, name)
  }

  /** Certificates of a node's key and those of its TLS companions. */
  byPeer(peer: string): Issued[] {
    return this.#indexed(BY_PEER, peer)
  }

  /** By SHA-256 of the SubjectPublicKeyInfo, hex. */
  byKey(keyId: string): Issued[] {
    return this.#indexed(BY_KEY, keyId)
  }

  byOrganisation(organisation: string): Issued[] {
    return this.#indexed(BY_ORGANISATION, textKey(organisation))
  }

  byDnsName(dnsName: string): Issued[] {
    return this.#indexed(BY_DNS_NAME, dnsName)
  }

  /** Certificates that ended before `time`, the oldest first, at most `limit`. */
  endedBefore(time: number, limit: number): Issued[] {
    const found: Issued[] = []
    for (const [key] of this.#store.entries(BY_END, { limit })) {
      const [end = '', serial = ''] = key.split('/')
      if (Number(end) >= time) break
      const issued = this.certificate(serial)
      if (issued !== undefined) found.push(issued)
    }
    return found
  }

  deleteCertificate(issued: Issued): void {
    this.#store.delete(CERTIFICATES, issued.serial)
    for (const [table, key] of indexesOf(issued)) this.#store.delete(table, key)
    this.#store.delete(REVOKED, `${issued.issuer}/${issued.serial}`)
  }

  /** What a CA has revoked, in order of serial. */
  *revoked(issuer: string): Iterable<RevokedRow> {
    for (const [key, bytes] of this.#store.entries(REVOKED, { prefix: `${issuer}/` })) {
      const [at, notAfter, reason] = decodeRow<[number, number, string]>(bytes)
      yield { serial: key.slice(issuer.length + 1), at, notAfter, reason }
    }
  }

  /** It has been on a list beyond its end, and need not be on another. */
  unlist(issuer: string, serial: string): void {
    this.#store.delete(REVOKED, `${issuer}/${serial}`)
  }

  /** `id` is the SHA-256 of the secret, hex: the secret itself is nowhere on disk. */
  putVoucher(id: string, voucher: Voucher): void {
    this.#store.put(VOUCHERS, id, encodeRow(voucher))
  }

  voucher(id: string): Voucher | undefined {
    const bytes = this.#store.get(VOUCHERS, id)
    return bytes === undefined ? undefined : decodeRow<Voucher>(bytes)
  }

  vouchers(): [string, Voucher][] {
    return [...this.#store.entries(VOUCHERS)].map(([id, bytes]) => [id, decodeRow<Voucher>(bytes)])
  }

  deleteVoucher(id: string): void {
    this.#store.delete(VOUCHERS, id)
  }

  /** A key that is never certified again: by the hash of the key, and by PeerId when it has one. */
  block({ keyId, peer }: { readonly keyId: string; readonly peer: string }): void {
    this.#store.put(BLOCKED, keyId, NOTHING)
    if (peer !== '') this.#store.put(BLOCKED, peer, NOTHING)
  }

  /** `key` is the SHA-256 of the SubjectPublicKeyInfo, hex, or a PeerId. */
  isBlocked(key: string): boolean {
    return this.#store.get(BLOCKED, key) !== undefined
  }

  /** A CA's key is never certified for a holder, also long after the CA has been replaced: `keyId` is the SHA-256 of its SubjectPublicKeyInfo, hex. */
  putCaKey(keyId: string): void {
    if (!this.isCaKey(keyId)) this.#store.put(CA_KEYS, keyId, NOTHING)
  }

  isCaKey(keyId: string): boolean {
    return this.#store.get(CA_KEYS, keyId) !== undefined
  }

  /** Latest revocation list of a CA, DER. */
  crl(issuer: string): Uint8Array | undefined {
    return this.#store.get(STATE, `crl/${issuer}`)
  }

  /** Number of the latest list of a CA, 0 before the first; kept apart from the list so that a list that cannot be read does not begin again at 1. */
  crlNumber(issuer: string): number {
    const bytes = this.#store.get(STATE, `crlNumber/${issuer}`)
    return bytes === undefined ? 0 : decodeRow<number>(bytes)
  }

  /** True when something was revoked or released that the latest list does not say: its signing has failed, and somebody else has committed what was to go with it. */
  owesCrl(issuer: string): boolean {
    return this.#store.get(STATE, `crlOwed/${issuer}`) !== undefined
  }

  putCrl(issuer: string, number: number, der: Uint8Array): void {
    this.#store.delete(STATE, `crlOwed/${issuer}`)
    this.#store.put(STATE, `crlNumber/${issuer}`, encodeRow(number))
    this.#store.put(STATE, `crl/${issuer}`, der)
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

function indexesOf({ serial, name, peer, companionOf, keyId, organisation, dnsNames, notAfter }: Issued): [table: string, key: string][] {
  const node = peer === '' ? companionOf : peer
  return [
    [BY_NAME, `${name}/${serial}`],
    [BY_KEY, `${keyId}/${serial}`],
    [BY_END, `${String(notAfter).padStart(15, '0')}/${serial}`],
    ...dnsNames.map((each): [string, string] => [BY_DNS_NAME, `${each}/${serial}`]),
    ...(node === undefined ? [] : [[BY_PEER, `${node}/${serial}`] satisfies [string, string]]),
    ...(organisation === undefined ? [] : [[BY_ORGANISATION, `${textKey(organisation)}/${serial}`] satisfies [string, string]])
  ]
}

/** Any text as part of a key that a slash ends. */
function textKey(text: string): string {
  return hex(BYTES.encode(text))
}
