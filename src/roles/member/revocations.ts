import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import { MAX_CHAIN, verifyIssuers } from '../../core/pki/chain.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import { newer, verifyCrl } from '../../core/pki/revocation.ts'
import type { Store } from '../../ports/store.ts'
import { HansaError } from '../../schema/errors.ts'
import { type CrlResponse, CrlResponseSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { parseCrl, type Revocation } from '../../wire/x509/crl.ts'
import { issuerId } from './chains.ts'

const TABLE = 'trust.crls'
/** Issuing CAs of one domain whose lists are held. */
const MAX_ISSUERS = 8

/** A revocation list that has been verified. */
export interface HeldCrl {
  readonly domain: string
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly revoked: ReadonlyMap<string, Revocation>
  readonly response: CrlResponse
  readonly digest: string
}

/** The newest verified revocation list of each issuing CA. Lists stay in force after their nextUpdate: revoked stays revoked. */
export class Revocations {
  readonly #store: Store
  readonly #verify: Verify
  readonly #sha256: Sha256
  readonly #domainOf: (rootId: string) => string | undefined
  /** By domain and CA key: a domain may certify the key of another's CA too, and then holds its own copy of that list. */
  readonly #held = new Map<string, HeldCrl>()

  constructor(store: Store, verify: Verify, sha256: Sha256, domainOf: (rootId: string) => string | undefined, now: number) {
    this.#store = store
    this.#verify = verify
    this.#sha256 = sha256
    this.#domainOf = domainOf
    for (const [key, bytes] of [...store.entries(TABLE)]) {
      try {
        this.accept(fromBinary(CrlResponseSchema, bytes), now)
      } catch {
        // Its CA has expired or is no longer listed.
        store.delete(TABLE, key)
      }
    }
  }

  /**
   * Takes a list over when it is genuine and newer; false when it is no news. Throws UNKNOWN_DOMAIN, CERTIFICATE_INVALID, CERTIFICATE_EXPIRED or
   * MALFORMED when it is not to be believed. The caller commits.
   */
  accept(response: CrlResponse, now: number): boolean {
    const digest = hex(this.#sha256(response.crl))
    for (const held of this.#held.values()) if (held.digest === digest && held.domain === response.domain) return false
    const root = response.chain.at(-1)
    if (root === undefined || response.chain.length >= MAX_CHAIN) throw refusalError(refuse('chain-length', 'a revocation list without the chain of its CA'))
    if (this.#domainOf(hex(this.#sha256(root))) !== response.domain)
      throw refusalError(refuse('unknown-root', 'a revocation list under a root that is not listed for its domain'), { domain: response.domain.slice(0, 253) })
    const issuers = response.chain.map(parseCertificate)
    const [issuer] = issuers
    if (issuer === undefined) throw refusalError(refuse('chain-length', 'a revocation list without the chain of its CA'))
    const crl = parseCrl(response.crl)
    const key = keyOf(response.domain, issuerId(issuer.spki, this.#sha256))
    const held = this.#held.get(key)
    // Before any signature is checked: a list that was genuine once can be sent again and again.
    if (!newer(crl, held)) return false
    const chain = verifyIssuers(issuers, now, this.#verify)
    if (!chain.ok) throw refusalError(chain)
    const verdict = verifyCrl(crl, issuer, now, this.#verify)
    if (!verdict.ok) throw refusalError(verdict)
    if (held === undefined && this.of(response.domain).length >= MAX_ISSUERS)
      throw new HansaError('INVALID_ARGUMENT', `revocation lists of ${MAX_ISSUERS} CAs of ${response.domain} are held already`)
    const copy = create(CrlResponseSchema, { domain: response.domain, crl: response.crl.slice(), chain: response.chain.map((each) => each.slice()) })
    const { number, thisUpdate, nextUpdate, revoked } = crl
    this.#held.set(key, { domain: response.domain, number, thisUpdate, nextUpdate, revoked, response: copy, digest })
    this.#store.put(TABLE, key, toBinary(CrlResponseSchema, copy))
    return true
  }

  /** The entry that revokes one of the certificates of a chain of `domain`, if any. */
  find(domain: string, links: readonly { readonly issuer: string; readonly serial: string }[]): Revocation | undefined {
    for (const { issuer, serial } of links) {
      const revocation = this.#held.get(keyOf(domain, issuer))?.revoked.get(serial)
      if (revocation !== undefined) return revocation
    }
    return undefined
  }

  /** Lists of one domain, the latest first. */
  of(domain: string): HeldCrl[] {
    return [...this.#held.values()].filter((held) => held.domain === domain).sort((a, b) => b.thisUpdate - a.thisUpdate)
  }

  /** Forgets the lists of a domain that is no longer listed. */
  drop(domain: string): void {
    for (const [key, held] of this.#held) {
      if (held.domain !== domain) continue
      this.#held.delete(key)
      this.#store.delete(TABLE, key)
    }
  }
}

function keyOf(domain: string, issuer: string): string {
  return `${domain}/${issuer}`
}
