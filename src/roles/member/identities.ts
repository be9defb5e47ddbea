import { create } from '@bufbuild/protobuf'
import type { Sha256, Verify } from '../../core/crypto.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import { hex } from '../../core/ids/hex.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Log } from '../../ports/log.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Store } from '../../ports/store.ts'
import { HansaError } from '../../schema/errors.ts'
import { type BundleResponse, BundleResponseSchema, type CrlResponse, TrustBundleSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { createBelief } from './belief.ts'
import { createChains, type VerifiedChain } from './chains.ts'
import { createListing } from './listing.ts'
import type { MemberIdentities } from './member-identities.ts'
import { Revocations } from './revocations.ts'
import { ACCEPT_STALE, type ListState, Staleness, type StalePolicy } from './staleness.ts'
import { sameRoots, TrustList } from './trust-list.ts'

/** Chains of listed domains remembered: one for each peer and signer of a busy gateway. */
const MAX_LISTED_CHAINS = 4096
/** Chains of domains that nobody listed, seen on DHT records; kept apart, so that strangers push nobody out. */
const MAX_FOREIGN_CHAINS = 512

export interface IdentitiesDeps {
  /** Own domain. */
  readonly domain: string
  readonly signer: Signer
  readonly clock: Clock
  readonly verify: Verify
  readonly sha256: Sha256
  readonly store: Store
  /** Own chain, leaf first, root last; absent before enrolment. */
  readonly chain?: readonly Uint8Array[]
  /** DER roots of the own domain, from the home. */
  readonly roots: readonly Uint8Array[]
  /** What becomes of certificates whose CA has not been heard of for too long; none is refused for that otherwise. */
  readonly stale?: StalePolicy
  /** Writes the roots of the own domain to the home, when they have changed. */
  readonly onRoots?: (roots: readonly Uint8Array[]) => Promise<void>
  readonly log?: Pick<Log, 'error'> & Partial<Pick<Log, 'warn' | 'info'>>
}

/** Who we are and whom we believe (draft 2.2, 3.1.2). Throws as `setChain` when the own chain is not good. */
export function createIdentities(deps: IdentitiesDeps): MemberIdentities {
  const { domain: own, signer, clock, store } = deps
  const listed = createChains(deps.verify, deps.sha256, MAX_LISTED_CHAINS)
  const foreign = createChains(deps.verify, deps.sha256, MAX_FOREIGN_CHAINS)
  const trust = new TrustList(own, deps.roots, store, deps.verify, deps.sha256)
  const revocations = new Revocations(store, deps.verify, deps.sha256, (id) => trust.domainOf(id), clock.now())
  const staleness = new Staleness(deps.stale ?? ACCEPT_STALE, store, revocations)
  const write = (what: string): void =>
    // Not waited for: it is in force now, and a crash before the commit is news not heard of yet.
    void store.commit().catch((error: unknown) => deps.log?.error({ err: error }, `${what} was not written; it is in force until this node ends`))
  const noted = (): void => write('the time at which a CA was first met')
  const belief = createBelief({ clock, trust, revocations, staleness, self: signer.peer, noted })
  const informed = new Map<string, ListState['state']>()
  const chainOf = new WeakMap<PeerIdentity, VerifiedChain>()
  const identityOf = new WeakMap<VerifiedChain, PeerIdentity>()
  const lastOf = new Map<string, PeerIdentity>()
  const listeners: (() => void)[] = []
  let chain: readonly Uint8Array[] = []
  let self: PeerIdentity | undefined
  let ages = staleness.signature(clock.now())

  const listing = createListing({
    ...{ domain: own, trust, store, clock, reconsider: () => belief.reconsider() },
    changed(dropped) {
      if (dropped !== undefined) {
        revocations.drop(dropped)
        staleness.drop(dropped)
      }
      changed()
    }
  })

  /** One identity object for each verified chain, so that `check` finds what it was made from. */
  function identify(verified: VerifiedChain): PeerIdentity {
    const known = identityOf.get(verified)
    if (known !== undefined) return known
    const identity = { ...verified.identity, own: verified.identity.domain === own }
    identityOf.set(verified, identity)
    chainOf.set(identity, verified)
    return identity
  }

  function verifyListed(shown: readonly Uint8Array[]): VerifiedChain {
    const root = shown.at(-1)
    // Before any signature is checked: a stranger's chain costs one hash.
    if (root !== undefined && !trust.all().some((bundle) => bundle.roots.some((each) => sameBytes(each, root))))
      throw refusalError(refuse('unknown-root', `a certificate chain whose root SHA256:${hex(deps.sha256(root))} is not listed`))
    const verified = listed.verify(shown, clock.now())
    belief.believe(verified)
    return verified
  }

  function changed(): void {
    belief.reconsider()
    for (const listener of listeners) {
      try {
        listener()
      } catch (error) {
        // Whoever is told later must still cut off who is revoked.
        deps.log?.error({ err: error }, 'a listener for changes of trust failed')
      }
    }
  }

  function setChain(next: readonly Uint8Array[]): void {
    const verified = verifyListed(next)
    if (verified.identity.peer !== signer.peer) throw refusalError(refuse('key-mismatch', 'the chain is not for the key of this node'))
    if (verified.identity.domain !== own) throw refusalError(refuse('unknown-root', `the chain is of ${verified.identity.domain}, not of ${own}`))
    chain = next.map((each) => each.slice())
    self = identify(verified)
  }

  function acceptCrl(response: CrlResponse): boolean {
    const held = revocations.accept(response, clock.now())
    if (held === undefined) return false
    staleness.heard(held.domain, held.issuer)
    write('a revocation list')
    ages = staleness.signature(clock.now())
    changed()
    return true
  }

  async function succeed(response: BundleResponse): Promise<boolean> {
    const domain = response.bundle?.domain ?? ''
    const before = trust.roots(domain)
    if (!trust.succeed(response, clock.now())) return false
    belief.reconsider()
    await store.commit()
    if (sameRoots(before, trust.roots(domain))) return false
    changed()
    if (domain === own) await writeRoots()
    return true
  }

  /** The store has them, too: a home that cannot be written now is only behind. */
  async function writeRoots(): Promise<void> {
    try {
      await deps.onRoots?.(trust.roots(own))
    } catch (error) {
      deps.log?.error({ err: error }, 'the roots of the own domain were not written to the home')
    }
  }

  const lists = (): ListState[] => trust.all().map(({ domain }) => staleness.stateOf(domain, clock.now()))

  function age(): void {
    for (const { domain, state } of lists()) {
      if (informed.get(domain) === state) continue
      const before = informed.get(domain)
      informed.set(domain, state)
      if (state === 'overdue' || state === 'stale') deps.log?.warn?.({ domain, state }, 'the revocation list of a domain has not been replaced in time')
      else if (before === 'overdue' || before === 'stale') deps.log?.info?.({ domain }, 'the revocation list of a domain is current again')
    }
    const now = staleness.signature(clock.now())
    if (now === ages) return
    ages = now
    changed()
  }

  function signerOf(shown: readonly Uint8Array[]): { identity: PeerIdentity; spki: Uint8Array } {
    const verified = verifyListed(shown)
    return { identity: identify(verified), spki: verified.spki }
  }

  if (deps.chain !== undefined && deps.chain.length > 0) setChain(deps.chain)
  return {
    chain: () => chain,
    self: () => self,
    verify(peer, shown) {
      const { identity } = signerOf(shown)
      if (identity.peer !== peer) throw refusalError(refuse('key-mismatch', 'the certificate is not for the key that this peer has proved'), { peer })
      lastOf.delete(peer)
      if (lastOf.size >= MAX_LISTED_CHAINS) lastOf.delete(lastOf.keys().next().value ?? peer)
      lastOf.set(peer, identity)
      return identity
    },
    check(identity) {
      const verified = chainOf.get(identity)
      if (verified === undefined) throw new HansaError('CERTIFICATE_INVALID', 'an identity that was not verified here')
      belief.believe(verified)
    },
    verifySigner: (shown) => signerOf(shown).identity,
    domains: () => trust.all().map((bundle) => bundle.domain),
    roots: (domain) => trust.roots(domain),
    onChange: (fn) => void listeners.push(fn),
    setChain,
    setRoots(roots) {
      trust.setOwn(roots, clock.now())
      belief.reconsider()
    },
    bundles: () => trust.all(),
    successor: (domain) => trust.successor(domain),
    succeed,
    async declare(roots, refreshHintMs) {
      const held = trust.successor(own)?.bundle
      if (held !== undefined && sameRoots(held.roots, roots)) return held
      const last = trust.lastSequence()
      const now = BigInt(clock.now())
      const bundle = create(TrustBundleSchema, { domain: own, sequence: now > last ? now : last + 1n, roots: [...roots], refreshHintMs: BigInt(refreshHintMs) })
      await succeed(create(BundleResponseSchema, { bundle }))
      return bundle
    },
    trustHistory: () => trust.history(),
    ...listing,
    acceptCrl,
    lastOf: (peer) => lastOf.get(peer),
    crl: (domain) => revocations.of(domain)[0],
    crls: (domain) => revocations.of(domain),
    lists,
    degraded: () => trust.all().flatMap(({ domain }) => staleness.complaint(domain, clock.now()) ?? []),
    age,
    signer: signerOf,
    foreign(shown) {
      const verified = foreign.verify(shown, clock.now())
      return { identity: identify(verified), spki: verified.spki, root: verified.root }
    }
  }
}
