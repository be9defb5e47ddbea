import { unhex } from '../../core/ids/hex.ts'
import type { Target } from '../../ports/rpc.ts'
import { toHansaError } from '../../schema/errors.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { MemberDeps } from './deps.ts'

/** Servers of the own domain that are asked for its lists in one round. */
const ASKED = 2
/** Neighbours that are asked before the one who brought the news, and the ACA itself last: of a hundred nodes that ask at once, most are served by others. */
const NEIGHBOURS = 3
/** A notice is followed after a random part of this for each connected peer, so that the ACA sends about ten large lists a second, however many nodes want one. Milliseconds. */
const SPREAD_MS = 50
const MAX_SPREAD_MS = 30_000
/** Least time between two notices of one domain that are followed. */
const GAP_MS = 1_000
/** How often a notice is followed in vain; after that the next round brings the list. Pauses double. */
const TRIES = 5
const PAUSE_MS = 1_000
/** CAs of one domain whose notices are followed at the same time. */
const MAX_ISSUERS = 16
/** Lists held that a request names: it must fit 64 KiB. */
const MAX_HELD = 1_000

/** What a notice says there is. */
export interface Announced {
  readonly domain: string
  /** See HeldCrl.issuer. */
  readonly issuer: string
  readonly number: number
}

interface Wanted {
  /** By CA. */
  readonly numbers: Map<string, number>
  from: string
}

/** Asks other nodes for revocation lists: every so often whoever is near, and when a notice says that there is a new one. Never throws: the lists held stay in force. */
export class CrlFetch {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #servers: () => readonly NodeInfo[]
  readonly #sources: ReadonlyMap<string, readonly string[]>
  /** By domain; while it is here, it is being followed. */
  readonly #wanted = new Map<string, Wanted>()
  readonly #followedAt = new Map<string, number>()
  #stopped = false

  constructor(domain: string, deps: MemberDeps, servers: () => readonly NodeInfo[], sources: ReadonlyMap<string, readonly string[]>) {
    this.#domain = domain
    this.#deps = deps
    this.#servers = servers
    this.#sources = sources
  }

  stop(): void {
    this.#stopped = true
  }

  /** Asks servers of the own domain, and of each other listed domain a connected node and the addresses that the operator gave. */
  async round(): Promise<void> {
    const { rpc, identities, network } = this.#deps
    const own = this.#servers().map(targetOf)
    // Who has heard nothing for too long believes nobody, and so knows no servers: a list proves itself, whoever brings it.
    if (own.length < ASKED && !this.current(this.#domain)) for (const { peer } of network.peers()) own.push({ peer })
    const others = new Map<string, Target>()
    for (const identity of rpc.identities())
      if (!identity.own && identities.domains().includes(identity.domain)) others.set(identity.domain, { peer: identity.peer })
    const asked = [...own.slice(0, ASKED), ...others.values()].map((target) => this.ask(target))
    await Promise.all([...asked, ...[...this.#sources.keys()].map((domain) => this.#askSources(domain))])
  }

  /** True when the own list of a domain has not reached its nextUpdate. */
  current(domain: string): boolean {
    return this.#deps.identities.lists().some((list) => list.domain === domain && list.state === 'current')
  }

  /** Follows a notice, soon and only once however often it is heard. `from`: the peer that brought it. */
  follow({ domain, issuer, number }: Announced, from: string): void {
    const { clock, network, random } = this.#deps
    const known = this.#wanted.get(domain)
    if (known !== undefined) {
      if (known.numbers.has(issuer) || known.numbers.size < MAX_ISSUERS) known.numbers.set(issuer, Math.max(number, known.numbers.get(issuer) ?? 0))
      known.from = from
      return
    }
    const wanted: Wanted = { numbers: new Map([[issuer, number]]), from }
    this.#wanted.set(domain, wanted)
    const spread = random() * Math.min(MAX_SPREAD_MS, SPREAD_MS * network.peers().length)
    const gap = (this.#followedAt.get(domain) ?? -Infinity) + GAP_MS - clock.monotonic()
    clock.after(Math.max(spread, gap), () => void this.#pursue(domain, wanted, 0))
  }

  /** Asks one node for what is newer than what is held. True when something was. */
  async ask(target: Target): Promise<boolean> {
    const { rpc, identities, log } = this.#deps
    let news = false
    try {
      const { lists } = await rpc.call(target, methods.crl, { held: this.#held() })
      for (const list of lists) {
        try {
          news = identities.acceptCrl(list) || news
        } catch (error) {
          // One that is not believed must not keep the others out.
          if (toHansaError(error).code !== 'UNKNOWN_DOMAIN') log.debug({ err: error, peer: target.peer }, 'a revocation list of this node was not believed')
        }
      }
    } catch (error) {
      const { code } = toHansaError(error)
      if (code !== 'NOT_FOUND') log.debug({ err: error, peer: target.peer }, 'no revocation list from this node')
    }
    return news
  }

  async #pursue(domain: string, wanted: Wanted, tried: number): Promise<void> {
    const { clock } = this.#deps
    this.#followedAt.set(domain, clock.monotonic())
    for (const target of this.#whoMayHave(domain, wanted)) {
      if (this.#stopped || this.#satisfied(domain, wanted)) break
      await this.ask(target)
    }
    if (!this.#stopped && !this.#satisfied(domain, wanted) && this.#sources.has(domain)) await this.#askSources(domain)
    if (this.#stopped || this.#satisfied(domain, wanted) || tried + 1 >= TRIES) this.#wanted.delete(domain)
    else clock.after(PAUSE_MS * 2 ** tried, () => void this.#pursue(domain, wanted, tried + 1))
  }

  #satisfied(domain: string, { numbers }: Wanted): boolean {
    return [...numbers].every(([issuer, number]) => this.#deps.identities.crls(domain).some((held) => held.issuer === issuer && held.number >= number))
  }

  /** Some neighbours in random order, then who brought the news, then the ACA where it is ours. */
  #whoMayHave(domain: string, { from }: Wanted): Target[] {
    const { rpc, random, network } = this.#deps
    const connected = new Set(network.peers().map(({ peer }) => peer))
    const acas = this.#servers().filter(({ roles }) => roles.includes('aca'))
    const near = rpc
      .identities()
      // Our own nodes serve us what they hold of every domain; those of another one serve its own lists.
      .filter((each) => (each.own || each.domain === domain) && !each.roles.includes('aca') && each.peer !== from && connected.has(each.peer))
      .map(({ peer }) => ({ peer, order: random() }))
      .sort((a, b) => a.order - b.order)
      .slice(0, NEIGHBOURS)
    const bringer = connected.has(from) ? [{ peer: from }] : []
    return [...near.map(({ peer }) => ({ peer })), ...bringer, ...acas.filter(({ peerId }) => peerId !== from).map(targetOf)]
  }

  async #askSources(domain: string): Promise<void> {
    if (!this.#deps.identities.domains().includes(domain)) return
    await Promise.all((this.#sources.get(domain) ?? []).map((address) => this.#askAt(address)))
  }

  async #askAt(address: string): Promise<void> {
    try {
      await this.ask({ peer: await this.#deps.network.dial(address), addresses: [address] })
    } catch (error) {
      this.#deps.log.debug({ err: error, address }, 'no revocation list from this address')
    }
  }

  #held(): { issuer: Uint8Array; number: bigint }[] {
    const { identities } = this.#deps
    const held = identities.domains().flatMap((domain) => identities.crls(domain))
    return held.slice(0, MAX_HELD).map(({ issuer, number }) => ({ issuer: unhex(issuer) ?? new Uint8Array(), number: BigInt(number) }))
  }
}

function targetOf({ peerId, multiaddrs }: NodeInfo): Target {
  return { peer: peerId, addresses: multiaddrs }
}
