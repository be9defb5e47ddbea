import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { parseDomain } from '../../core/ids/domain.ts'
import { hex } from '../../core/ids/hex.ts'
import { verifyIssuers } from '../../core/pki/chain.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { refusalError } from '../../core/pki/refusal.ts'
import type { Store } from '../../ports/store.ts'
import { HansaError } from '../../schema/errors.ts'
import { type BundleResponse, BundleResponseSchema, type TrustBundle, TrustBundleSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'

const TABLE = 'trust.domains'
/** What domains have said of their own roots since the operator listed them. */
const SUCCESSORS = 'trust.successors'
/** By domain: the roots that the operator had listed when its successor was learned. */
const STARTS = 'trust.starts'
/** A swarm of more domains than this wants another way of listing them. */
const MAX_DOMAINS = 1024
/** The old and the new root while one takes over from the other, and room for one more pair. */
const MAX_ROOTS = 4

/**
 * The domains whose roots are listed. Of each there is the operator's word (of the own domain: the file in the home), and perhaps what the domain itself has
 * said since, signed under a root that was believed then: its successor, which counts in its place. A word of other roots than before ends the successor.
 */
export class TrustList {
  readonly #own: string
  readonly #store: Store
  readonly #verify: Verify
  readonly #sha256: Sha256
  /** The operator's word. */
  readonly #bundles = new Map<string, TrustBundle>()
  readonly #successors = new Map<string, BundleResponse>()
  /** Domain by SHA-256 of its root: a root speaks for one domain. */
  readonly #domainOf = new Map<string, string>()
  readonly #ids = new Map<string, readonly string[]>()

  constructor(own: string, ownRoots: readonly Uint8Array[], store: Store, verify: Verify, sha256: Sha256) {
    this.#own = own
    this.#store = store
    this.#verify = verify
    this.#sha256 = sha256
    this.#set(create(TrustBundleSchema, { domain: own, sequence: 0n, roots: [...ownRoots] }))
    for (const [domain, bytes] of store.entries(TABLE)) if (domain !== own) this.#set(fromBinary(TrustBundleSchema, bytes))
    for (const [domain, bytes] of [...store.entries(SUCCESSORS)]) this.#restore(domain, fromBinary(BundleResponseSchema, bytes))
  }

  /** Bundles of the domains that are listed, own domain first. */
  all(): TrustBundle[] {
    return this.history()
      .filter((bundle) => bundle.domain === this.#own || bundle.roots.length > 0)
      .map((bundle) => this.#successors.get(bundle.domain)?.bundle ?? bundle)
  }

  /** Roots that are believed of a domain now. */
  roots(domain: string): readonly Uint8Array[] {
    return (this.#successors.get(domain)?.bundle ?? this.#bundles.get(domain))?.roots ?? []
  }

  /** What a domain has said last of its own roots, as it was signed. */
  successor(domain: string): BundleResponse | undefined {
    return this.#successors.get(domain)
  }

  /** The operators' last word on every domain that was ever listed: what has been taken off is here without roots. */
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
    if (held === undefined || !sameRoots(held.roots, bundle.roots)) this.#forgetSuccessor(domain)
    this.#set(create(TrustBundleSchema, { domain, sequence: bundle.sequence, roots: bundle.roots.map((root) => root.slice()) }))
    this.#store.put(TABLE, domain, toBinary(TrustBundleSchema, bundle))
    return true
  }

  /**
   * A listed domain says which roots it has now; the caller has found the word signed by its ACA under a root believed now. False when that is no news: an older
   * sequence. Throws as `list`, and UNKNOWN_DOMAIN for a domain that no operator has listed. The caller commits.
   */
  succeed(response: BundleResponse, now: number): boolean {
    const { bundle } = response
    const held = bundle === undefined ? undefined : this.#bundles.get(bundle.domain)
    if (bundle === undefined || held === undefined || held.roots.length === 0)
      throw new HansaError('UNKNOWN_DOMAIN', 'a domain that is not listed here speaks of its roots', { domain: bundle?.domain.slice(0, 253) ?? '' })
    const { domain } = bundle
    if (bundle.sequence <= (this.#successors.get(domain)?.bundle?.sequence ?? 0n)) return false
    this.#checkRoots(domain, bundle.roots, now)
    this.#store.put(SUCCESSORS, domain, toBinary(BundleResponseSchema, response))
    this.#store.put(STARTS, domain, this.#startOf(held.roots))
    this.#successors.set(domain, response)
    this.#index(domain)
    return true
  }

  /** Sequence of the last word that this node's own authority has given, whether it still counts or not. */
  lastSequence(): bigint {
    const bytes = this.#store.get(SUCCESSORS, this.#own)
    return bytes === undefined ? 0n : (fromBinary(BundleResponseSchema, bytes).bundle?.sequence ?? 0n)
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
    this.#index(bundle.domain)
  }

  #index(domain: string): void {
    for (const id of this.#ids.get(domain) ?? []) this.#domainOf.delete(id)
    const ids = this.roots(domain).map((root) => this.#rootId(root))
    this.#ids.set(domain, ids)
    for (const id of ids) this.#domainOf.set(id, domain)
  }

  /** After a restart it counts while the operator's word is what it was then, or has followed it (the file of the own domain does). */
  #restore(domain: string, response: BundleResponse): void {
    const { bundle } = response
    const word = this.#bundles.get(domain)
    if (bundle === undefined || word === undefined || word.roots.length === 0) return
    const start = this.#store.get(STARTS, domain)
    if (!sameRoots(word.roots, bundle.roots) && (start === undefined || !sameBytes(start, this.#startOf(word.roots)))) return
    this.#successors.set(domain, response)
    this.#index(domain)
  }

  #forgetSuccessor(domain: string): void {
    if (!this.#successors.delete(domain)) return
    this.#store.delete(SUCCESSORS, domain)
    this.#store.delete(STARTS, domain)
  }

  /** In any order. */
  #startOf(roots: readonly Uint8Array[]): Uint8Array {
    return this.#sha256(
      new TextEncoder().encode(
        roots
          .map((root) => this.#rootId(root))
          .sort()
          .join()
      )
    )
  }

  #rootId(der: Uint8Array): string {
    return hex(this.#sha256(der))
  }
}

/** In any order. */
export function sameRoots(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((root) => b.some((each) => sameBytes(each, root)))
}
