import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { hex } from '../../core/ids/hex.ts'
import { MAX_CHAIN, verifyIssuers } from '../../core/pki/chain.ts'
import type { CertificateFacts } from '../../core/pki/facts.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import { newer, verifyCrl } from '../../core/pki/revocation.ts'
import type { Store } from '../../ports/store.ts'
import { HansaError } from '../../schema/errors.ts'
import { type CrlResponse, CrlResponseSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { parseCrl } from '../../wire/x509/crl.ts'
import type { Revocation } from '../../wire/x509/read-entries.ts'
import { issuerId } from './chains.ts'

const TABLE = 'trust.crls'
/** CAs of one domain whose lists are held: the one that signs, those that it has replaced, the roots. */
const MAX_ISSUERS = 16

/** A revocation list that has been verified. */
export interface HeldCrl {
  readonly domain: string
  /** SHA-256 of the SubjectPublicKeyInfo of the CA, hex. */
  readonly issuer: string
  /** True for the list of a root, which revokes issuing CAs. */
  readonly root: boolean
  readonly number: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly revoked: ReadonlyMap<string, Revocation>
  readonly response: CrlResponse
  readonly digest: string
  /** SHA-256 of the root certificate that it was verified under, hex. */
  readonly rootId: string
  /** When the first certificate of its chain ends; milliseconds since the epoch. */
  readonly notAfter: number
}

/** Which list could revoke which serial. */
export interface Link {
  readonly issuer: string
  readonly serial: string
}

/** The newest verified revocation list of each CA, issuing or root. Lists stay in force after their nextUpdate: revoked stays revoked. */
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
   * Takes a list over when it is genuine and newer; undefined when it is no news. Throws UNKNOWN_DOMAIN, CERTIFICATE_INVALID, CERTIFICATE_EXPIRED,
   * CERTIFICATE_REVOKED (its CA, by the root's list) or MALFORMED when it is not to be believed. The caller commits.
   */
  accept(response: CrlResponse, now: number): HeldCrl | undefined {
    const { domain } = response
    const digest = hex(this.#sha256(response.crl))
    const rootId = this.#rootOf(response)
    for (const held of this.#held.values()) if (held.digest === digest && held.domain === domain && held.rootId === rootId) return undefined
    const issuers = response.chain.map(parseCertificate)
    const [issuer] = issuers
    if (issuer === undefined) throw refusalError(refuse('chain-length', 'a revocation list without the chain of its CA'))
    const crl = parseCrl(response.crl)
    const id = issuerId(issuer.spki, this.#sha256)
    const key = keyOf(domain, id)
    const held = this.#held.get(key)
    // Before any signature is checked: a list that was genuine once can be sent again and again. The same list under another root counts when the root it came with is gone.
    const orphaned = held !== undefined && held.digest === digest && this.#domainOf(held.rootId) !== domain
    if (!orphaned && !newer(crl, held)) return undefined
    const chain = verifyIssuers(issuers, now, this.#verify)
    if (!chain.ok) throw refusalError(chain)
    if (this.find(domain, this.#links(issuers)) !== undefined) throw refusalError(refuse('revoked', 'a revocation list of a CA that is revoked itself'))
    const verdict = verifyCrl(crl, issuer, now, this.#verify)
    if (!verdict.ok) throw refusalError(verdict)
    if (held === undefined) this.#makeRoom(domain, now)
    const copy = create(CrlResponseSchema, { domain, crl: response.crl.slice(), chain: response.chain.map((each) => each.slice()) })
    const { number, thisUpdate, nextUpdate, revoked } = crl
    const notAfter = Math.min(...issuers.map((each) => each.notAfter))
    const next = { domain, issuer: id, root: issuers.length === 1, number, thisUpdate, nextUpdate, revoked, response: copy, digest, rootId, notAfter }
    this.#held.set(key, next)
    this.#store.put(TABLE, key, toBinary(CrlResponseSchema, copy))
    return next
  }

  /** The entry that revokes one of the certificates of a chain of `domain`, if any. */
  find(domain: string, links: readonly Link[]): Revocation | undefined {
    for (const { issuer, serial } of links) {
      const revocation = this.#held.get(keyOf(domain, issuer))?.revoked.get(serial)
      if (revocation !== undefined) return revocation
    }
    return undefined
  }

  /** The list of one CA. */
  get(domain: string, issuer: string): HeldCrl | undefined {
    return this.#held.get(keyOf(domain, issuer))
  }

  /** Lists of one domain: those of issuing CAs first, of each kind the latest first. */
  of(domain: string): HeldCrl[] {
    return this.all()
      .filter((held) => held.domain === domain)
      .sort((a, b) => Number(a.root) - Number(b.root) || b.thisUpdate - a.thisUpdate)
  }

  all(): HeldCrl[] {
    return [...this.#held.values()]
  }

  /** Forgets the lists of a domain that is no longer listed. */
  drop(domain: string): void {
    for (const held of this.of(domain)) this.#forget(held)
  }

  #rootOf({ domain, chain }: CrlResponse): string {
    const root = chain.at(-1)
    if (root === undefined || chain.length >= MAX_CHAIN) throw refusalError(refuse('chain-length', 'a revocation list without the chain of its CA'))
    const rootId = hex(this.#sha256(root))
    if (this.#domainOf(rootId) !== domain)
      throw refusalError(refuse('unknown-root', 'a revocation list under a root that is not listed for its domain'), { domain: domain.slice(0, 253) })
    return rootId
  }

  #links(issuers: readonly CertificateFacts[]): Link[] {
    return issuers.slice(1).map((issuer, index) => ({ issuer: issuerId(issuer.spki, this.#sha256), serial: issuers[index]?.serial ?? '' }))
  }

  #makeRoom(domain: string, now: number): void {
    // A CA that has ended vouches for nobody any more.
    for (const held of this.of(domain)) if (now > held.notAfter) this.#forget(held)
    if (this.of(domain).length >= MAX_ISSUERS) throw new HansaError('INVALID_ARGUMENT', `revocation lists of ${MAX_ISSUERS} CAs of ${domain} are held already`)
  }

  #forget({ domain, issuer }: HeldCrl): void {
    this.#held.delete(keyOf(domain, issuer))
    this.#store.delete(TABLE, keyOf(domain, issuer))
  }
}

function keyOf(domain: string, issuer: string): string {
  return `${domain}/${issuer}`
}
