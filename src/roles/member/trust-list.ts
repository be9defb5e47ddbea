import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { parseDomain } from '../../core/ids/domain.ts'
import { hex } from '../../core/ids/hex.ts'
import { verifyIssuers } from '../../core/pki/chain.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { refusalError } from '../../core/pki/refusal.ts'
import type { Store } from '../../ports/store.ts'
import { HansaError } from '../../schema/errors.ts'
import { type TrustBundle, TrustBundleSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'

const TABLE = 'trust.domains'
/** A swarm of more domains than this wants another way of listing them. */
const MAX_DOMAINS = 1024
/** The old and the new root while one takes over from the other, and room for one more pair. */
const MAX_ROOTS = 4

/** The domains whose roots are listed, own one included (it comes from the home and is never stored here). */
export class TrustList {
  readonly #own: string
  readonly #store: Store
  readonly #verify: Verify
  readonly #sha256: Sha256
  readonly #bundles = new Map<string, TrustBundle>()
  /** Domain by SHA-256 of its root: a root speaks for one domain. */
  readonly #domainOf = new Map<string, string>()

  constructor(own: string, ownRoots: readonly Uint8Array[], store: Store, verify: Verify, sha256: Sha256) {
    this.#own = own
    this.#store = store
    this.#verify = verify
    this.#sha256 = sha256
    this.#set(create(TrustBundleSchema, { domain: own, sequence: 0n, roots: [...ownRoots] }))
    for (const [domain, bytes] of store.entries(TABLE)) if (domain !== own) this.#set(fromBinary(TrustBundleSchema, bytes))
  }

  /** Bundles of the domains that are listed, own domain first. */
  all(): TrustBundle[] {
    return this.history().filter((bundle) => bundle.domain === this.#own || bundle.roots.length > 0)
  }

  /** The last word on every domain that was ever listed: what has been taken off is here without roots. */
  history(): TrustBundle[] {
    return [...this.#bundles.values()]
  }

  /** Also of a domain that has been taken off: then without roots. */
  get(domain: string): TrustBundle | undefined {
    return this.#bundles.get(domain)
  }

  /** True when exactly these roots are listed for the domain. */
  holds(domain: string, roots: readonly Uint8Array[]): boolean {
    const held = this.#bundles.get(domain)
    return held !== undefined && sameRoots(held.roots, roots)
  }

  /** Domain for which the root with this SHA-256 (hex) is listed. */
  domainOf(rootId: string): string | undefined {
    return this.#domainOf.get(rootId)
  }

  /**
   * Lists a domain, replaces its roots, or takes it off (no roots); false when that changes nothing: the same roots, or a sequence below the one held. Throws
   * CERTIFICATE_INVALID for roots that are none, INVALID_ARGUMENT otherwise. The caller commits.
   */
  list(bundle: TrustBundle, now: number): boolean {
    const domain = parseDomain(bundle.domain)
    if (domain === this.#own) throw new HansaError('INVALID_ARGUMENT', 'the roots of the own domain come from the home')
    const held = this.#bundles.get(domain)
    if (held !== undefined && (bundle.sequence < held.sequence || (bundle.sequence === held.sequence && sameRoots(held.roots, bundle.roots)))) return false
    if (bundle.roots.length > 0) this.#checkRoots(domain, bundle.roots, now)
    if (held === undefined && this.#bundles.size >= MAX_DOMAINS) throw new HansaError('INVALID_ARGUMENT', `${MAX_DOMAINS} domains are or were listed already`)
    this.#drop(domain)
    this.#set(create(TrustBundleSchema, { domain, sequence: bundle.sequence, roots: bundle.roots.map((root) => root.slice()) }))
    this.#store.put(TABLE, domain, toBinary(TrustBundleSchema, bundle))
    return true
  }

  /** A newcomer has checked the roots of its own domain against its invite. Throws INVALID_ARGUMENT when the home has given some already. */
  setOwn(roots: readonly Uint8Array[], now: number): void {
    if (this.get(this.#own)?.roots.length !== 0) throw new HansaError('INVALID_ARGUMENT', 'the roots of the own domain are known already')
    this.#checkRoots(this.#own, roots, now)
    this.#set(create(TrustBundleSchema, { domain: this.#own, sequence: 0n, roots: roots.map((root) => root.slice()) }))
  }

  #checkRoots(domain: string, roots: readonly Uint8Array[], now: number): void {
    if (roots.length === 0 || roots.length > MAX_ROOTS)
      throw new HansaError('INVALID_ARGUMENT', `${roots.length} roots of ${domain}; 1 to ${MAX_ROOTS} are wanted`)
    for (const der of roots) {
      const verdict = verifyIssuers([parseCertificate(der)], now, this.#verify)
      if (!verdict.ok) throw refusalError(verdict, { domain })
      const other = this.#domainOf.get(this.#rootId(der))
      if (other !== undefined && other !== domain) throw new HansaError('INVALID_ARGUMENT', `this root is listed for ${other} already`)
    }
  }

  #set(bundle: TrustBundle): void {
    this.#bundles.set(bundle.domain, bundle)
    for (const root of bundle.roots) this.#domainOf.set(this.#rootId(root), bundle.domain)
  }

  #drop(domain: string): void {
    for (const root of this.#bundles.get(domain)?.roots ?? []) this.#domainOf.delete(this.#rootId(root))
    this.#bundles.delete(domain)
  }

  #rootId(der: Uint8Array): string {
    return hex(this.#sha256(der))
  }
}

/** In any order. */
function sameRoots(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((root) => b.some((each) => sameBytes(each, root)))
}
