import { create, toBinary } from '@bufbuild/protobuf'
import { hex } from '../../core/ids/hex.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import type { Target } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { type BundleResponse, BundleResponseSchema, type NodeInfo, type TrustBundle, TrustBundleSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { decode } from '../../wire/decode.ts'
import { methods } from '../../wire/methods.ts'
import { checkSequence } from './check-sequence.ts'
import type { MemberDeps } from './deps.ts'

/** How often others should ask again: a root that takes over is listed beside the old one for days. A network constant: it is told in the bundle. */
export const REFRESH_MS = 300_000
/** Bounds of what another domain may ask of us with its hint. */
const MIN_REFRESH_MS = 60_000
const MAX_REFRESH_MS = 3_600_000
/** Changes of root in the life of a process. */
const MAX_FOLLOWED = 16
/** Nodes that are asked in turn until one has a bundle that is believed. */
const ASKED = 3

/**
 * Which roots a domain has now, said by its ACA and signed under one that was believed before (SPIFFE: trust bundle): how a new root reaches every member, and every domain
 * that listed the old one. It never adds a domain, and never takes away the last root.
 */
export class Bundles {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #servers: () => readonly NodeInfo[]
  /** When a domain is to be asked again; monotonic milliseconds. */
  readonly #next = new Map<string, number>()
  #own: { readonly bundle: TrustBundle; readonly leaf: Uint8Array | undefined; readonly signed: Uint8Array } | undefined
  readonly #timers: (() => void)[] = []
  readonly #followed = new Set<string>()
  /** Connected peers that have said which roots our domain has since they were connected. */
  readonly #met = new Set<string>()
  readonly #renew: () => void

  /** `renew`: the own certificate should be issued anew. */
  constructor(domain: string, deps: MemberDeps, servers: () => readonly NodeInfo[], renew: () => void) {
    this.#renew = renew
    this.#domain = domain
    this.#deps = deps
    this.#servers = servers
  }

  async start(): Promise<void> {
    const { rpc, clock } = this.#deps
    await this.#declare()
    rpc.handle(methods.bundle, () => this.answer())
    this.#timers.push(clock.every(MIN_REFRESH_MS, () => void this.round()))
  }

  stop(): void {
    for (const stop of this.#timers.splice(0)) stop()
  }

  /** The roots of the own domain with the newest word of its ACA that is here. */
  answer(): BundleResponse {
    const { identities } = this.#deps
    const held = identities.successor(this.#domain)
    const bundle = held?.bundle ?? identities.bundles().find((each) => each.domain === this.#domain) ?? create(TrustBundleSchema, { domain: this.#domain })
    return create(BundleResponseSchema, { bundle, signed: this.#deps.roots === undefined ? (held?.signed ?? new Uint8Array()) : this.#sign(bundle) })
  }

  /** Asks for what is due: the own domain's servers, and, where this node tells others of its domain, a node of each other domain. Never throws. */
  async round(): Promise<void> {
    const { identities } = this.#deps
    await this.#declare()
    const domains = this.#spreads() ? identities.domains() : [this.#domain]
    await Promise.all(domains.filter((domain) => this.#due(domain)).map((domain) => this.refresh(domain)))
  }

  /** Asks for the bundle of one listed domain now. True when its roots have changed. */
  async refresh(domain: string): Promise<boolean> {
    for (const target of this.#targets(domain)) {
      try {
        const changed = await this.#ask(target, domain)
        if (changed === undefined) continue
        const hint = Number(this.#deps.identities.successor(domain)?.bundle?.refreshHintMs ?? 0n)
        this.#next.set(domain, this.#deps.clock.monotonic() + Math.min(MAX_REFRESH_MS, Math.max(MIN_REFRESH_MS, hint === 0 ? REFRESH_MS : hint)))
        return changed
      } catch (error) {
        this.#deps.log.debug({ err: error, peer: target.peer, domain }, 'no trust bundle from this node')
      }
    }
    return false
  }

  /** Another domain's gateway has interconnected and says which bundle its domain has: asks it for the signed one when that is news. */
  async heard(peer: string, said: TrustBundle | undefined): Promise<void> {
    const { identities, log } = this.#deps
    if (said === undefined || said.domain === this.#domain || !identities.domains().includes(said.domain)) return
    if (said.sequence <= (identities.successor(said.domain)?.bundle?.sequence ?? 0n)) return
    try {
      await this.#ask({ peer, expect: { domain: said.domain } }, said.domain)
    } catch (error) {
      log.debug({ err: error, peer, domain: said.domain }, 'no trust bundle from this gateway')
    }
  }

  /** An ACA of our domain is connected: it is asked once for each connection, for it may have come back with another root. Never throws. */
  async met(peer: string): Promise<void> {
    if (this.#met.has(peer)) return
    this.#met.add(peer)
    try {
      await this.#ask({ peer, expect: { domain: this.#domain } }, this.#domain)
    } catch (error) {
      this.#met.delete(peer)
      this.#deps.log.debug({ err: error, peer }, 'no trust bundle from the ACA')
    }
  }

  /** The peer is connected no longer. */
  lost(peer: string): void {
    this.#met.delete(peer)
  }

  /** True when the roots are others now; undefined when the node has no signed word. Throws as the call, and as `take`. */
  async #ask(target: Target, domain: string): Promise<boolean | undefined> {
    const { signed } = await this.#deps.rpc.call(target, methods.bundle, {})
    return signed.length === 0 ? undefined : this.take(signed, domain)
  }

  /**
   * Judges what a domain says of its roots. True when they are others now. Throws as Records.open, PERMISSION_DENIED when the signer is not the ACA of that domain, and as
   * MemberIdentities.succeed.
   */
  async take(signed: Uint8Array, domain?: string): Promise<boolean> {
    const { records, identities, log, clock } = this.#deps
    const { message: bundle, signer } = records.open(TrustBundleSchema, decode(SignedRecordSchema, signed))
    if (!signer.roles.includes('aca') || signer.domain !== bundle.domain || (domain !== undefined && bundle.domain !== domain))
      throw new HansaError('PERMISSION_DENIED', `${signer.spiffeId} cannot speak for the roots of ${bundle.domain.slice(0, 253)}`)
    checkSequence(bundle.sequence, clock.now())
    if (bundle.domain === this.#domain) this.#follow(decode(SignedRecordSchema, signed).chain.at(-1))
    // The authority here has the last word on its own roots.
    if (bundle.domain === this.#domain && this.#deps.roots !== undefined) return false
    const changed = await identities.succeed(create(BundleResponseSchema, { bundle, signed }))
    if (changed) log.info({ domain: bundle.domain, roots: bundle.roots.length, sequence: String(bundle.sequence) }, 'a domain has other roots now')
    return changed
  }

  /** The ACA stands under another root than our own certificate: ours is renewed, once for each root, so that it does not end with the old one. */
  #follow(root: Uint8Array | undefined): void {
    const { identities, clock, random, sha256 } = this.#deps
    const own = identities.chain().at(-1)
    if (root === undefined || own === undefined || sameBytes(root, own)) return
    const id = hex(sha256(root))
    if (this.#followed.has(id) || this.#followed.size >= MAX_FOLLOWED) return
    this.#followed.add(id)
    clock.after(random() * MIN_REFRESH_MS, () => this.#renew())
  }

  /** What other domains have said, signed, for the other nodes of the own one. */
  foreign(): Uint8Array[] {
    const { identities } = this.#deps
    return identities
      .domains()
      .filter((domain) => domain !== this.#domain)
      .flatMap((domain) => identities.successor(domain)?.signed ?? [])
  }

  #spreads(): boolean {
    return this.#deps.identities.self()?.roles.some((role) => role === 'agw' || role === 'aca') === true
  }

  #due(domain: string): boolean {
    return this.#deps.clock.monotonic() >= (this.#next.get(domain) ?? -Infinity)
  }

  #targets(domain: string): Target[] {
    if (domain === this.#domain)
      return this.#servers()
        .slice(0, ASKED)
        .map(({ peerId, multiaddrs }) => ({ peer: peerId, addresses: multiaddrs }))
    const { network, identities } = this.#deps
    const servers = network.peers().filter(({ peer }) => {
      const identity = identities.lastOf(peer)
      return identity?.domain === domain && identity.roles.some((role) => role !== 'agent')
    })
    return servers.slice(0, ASKED).map(({ peer }) => ({ peer }))
  }

  async #declare(): Promise<void> {
    const { roots, identities, log } = this.#deps
    if (roots === undefined || identities.self() === undefined) return
    try {
      await identities.declare(roots(), REFRESH_MS)
    } catch (error) {
      log.error({ err: toHansaError(error) }, 'the roots of the authority are not taken over by its own node')
    }
  }

  #sign(bundle: TrustBundle): Uint8Array {
    const { records, identities } = this.#deps
    const leaf = identities.chain()[0]
    if (leaf === undefined) return new Uint8Array()
    if (this.#own === undefined || this.#own.leaf !== leaf || this.#own.bundle !== bundle)
      this.#own = { bundle, leaf, signed: toBinary(SignedRecordSchema, records.seal(TrustBundleSchema, bundle)) }
    return this.#own.signed
  }
}
