import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { capabilityName, serversName } from '../../core/dht/keys.ts'
import type { Query } from '../../core/directory/query.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import { errorDetail, type ErrorCode, type HansaError, toHansaError } from '../../schema/errors.ts'
import { type Asked, AskedSchema, type DiscoverRequestSchema, type DiscoverResponse } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { methods } from '../../wire/methods.ts'
import type { DiscoveryLimits } from './config.ts'
import { within } from './deadline.ts'
import type { ArsDeps } from './deps.ts'
import type { DomainRecords } from './domain-records.ts'
import { acceptHit } from './foreign-hits.ts'
import type { FoundHit } from './known-agents.ts'
import { serversOf } from './own-nodes.ts'

/** Hits taken from one server: the largest limit a request may have. */
const MAX_HITS = 100

/** What a node turns out to be that the DHT named by mistake or by malice: no server that this one may ask. It is passed over. */
const NOT_MEANT: readonly ErrorCode[] = [
  'UNKNOWN_DOMAIN',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'CERTIFICATE_INVALID',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_REVOKED'
]

interface Hint {
  readonly peer: string
  readonly addresses: readonly string[]
  /** Domain that it is said to serve. */
  readonly domain?: string
}

/** How it went with one peer. */
interface Outcome {
  readonly peer: string
  /** Absent when it never showed who it is. */
  readonly server?: PeerIdentity
  readonly hits: number
  readonly ms: number
  readonly error?: HansaError
}

/** One question put to the other registration servers of all domains in scope (draft 3.5), in parallel and bounded. */
export class Inquiry {
  readonly #deps: ArsDeps
  readonly #limits: DiscoveryLimits
  readonly #domainRecords: DomainRecords
  readonly #query: Query
  readonly #request: MessageInitShape<typeof DiscoverRequestSchema>
  readonly #signal: AbortSignal | undefined
  /** Who is asked, by peer; the promise says whether it answered. */
  readonly #asks = new Map<string, Promise<boolean>>()
  /** Domains that peers are said to serve; a capability's hint, which names none, may come before the domain's own. */
  readonly #said = new Map<string, string>()
  readonly #outcomes: Outcome[] = []
  readonly hits: FoundHit[] = []
  #complete = true

  constructor(
    deps: ArsDeps,
    limits: DiscoveryLimits,
    domainRecords: DomainRecords,
    question: { readonly query: Query; readonly request: MessageInitShape<typeof DiscoverRequestSchema>; readonly signal?: AbortSignal }
  ) {
    this.#deps = deps
    this.#limits = limits
    this.#domainRecords = domainRecords
    this.#query = question.query
    this.#request = question.request
    this.#signal = question.signal
  }

  /** False when somebody who might know more did not answer in full. Known after `run`, as is `asked`. */
  get complete(): boolean {
    return this.#complete
  }

  get asked(): Asked[] {
    return this.#outcomes.map(({ peer, server, hits, ms, error }) =>
      create(AskedSchema, {
        domain: server?.domain ?? this.#said.get(peer) ?? '',
        ars: server?.spiffeId ?? '',
        hits,
        ms,
        error: error && errorDetail(error)
      })
    )
  }

  /** Asks the servers of `domains`, which must be listed; `own` among them means the other servers of the own domain. */
  async run(domains: readonly string[], own: string): Promise<void> {
    const scope = new Set(domains)
    const rare = [...this.#query.capabilities].sort((a, b) => b.length - a.length)[0]
    await Promise.all([
      ...domains.map((domain) => (domain === own ? this.#askOwn(own) : this.#askDomain(domain, scope))),
      // Whoever serves the rarest of the capabilities says so itself; that finds servers that a domain's record does not name. Facts have no keys on the DHT: a question
      // by outputs alone goes to the servers that the domains in scope name.
      ...(rare === undefined ? [] : [this.#askProviders(capabilityName(rare), scope)])
    ])
    await Promise.all(this.#asks.values())
    const answered = new Set(this.#outcomes.filter(({ error }) => error === undefined).map(({ server }) => server?.domain))
    if (this.#outcomes.some(({ error }) => error !== undefined) || domains.some((domain) => domain !== own && !answered.has(domain))) this.#complete = false
  }

  async #askOwn(own: string): Promise<void> {
    const servers = serversOf(this.#deps.members).map(({ peerId, multiaddrs }) => ({ peer: peerId, addresses: multiaddrs, domain: own }))
    await Promise.all(servers.map((server) => this.#ask(server, new Set([own]))))
  }

  async #askDomain(domain: string, scope: ReadonlySet<string>): Promise<void> {
    const record = await this.#domainRecords.get(domain)
    const servers = (record?.servers ?? []).map(({ peerId, multiaddrs }) => this.#ask({ peer: peerId, addresses: multiaddrs, domain }, scope))
    const answered = await Promise.all(servers)
    // The signed record names all servers. Only without it, or when all of them are gone, the unsigned hints are worth their messages.
    if (!answered.includes(true)) await this.#askProviders(serversName(domain), scope, domain)
  }

  async #askProviders(name: string, scope: ReadonlySet<string>, domain?: string): Promise<void> {
    const { clock, dht, log } = this.#deps
    try {
      await within(clock, this.#limits.lookupMs, this.#signal, async (signal) => {
        for await (const { peer, addresses } of dht.providers(name, this.#limits.servers, signal)) void this.#ask({ peer, addresses, domain }, scope)
      })
    } catch (error) {
      log.debug({ name, error }, 'the DHT could not be asked for servers')
      this.#complete = false
    }
  }

  #ask(hint: Hint, scope: ReadonlySet<string>): Promise<boolean> {
    if (hint.peer === this.#deps.members.self().peerId) return Promise.resolve(false)
    if (hint.domain !== undefined) this.#said.set(hint.peer, hint.domain)
    const running = this.#asks.get(hint.peer)
    if (running !== undefined) return running
    if (this.#asks.size >= this.#limits.servers) {
      this.#complete = false
      return Promise.resolve(false)
    }
    const ask = this.#converse(hint, scope)
    this.#asks.set(hint.peer, ask)
    return ask
  }

  /** Resolves with whether the server answered; never throws. */
  async #converse({ peer, addresses, domain }: Hint, scope: ReadonlySet<string>): Promise<boolean> {
    const { clock, rpc } = this.#deps
    const began = clock.monotonic()
    let server: PeerIdentity | undefined
    try {
      return await within(clock, this.#limits.serverMs, this.#signal, async (signal) => {
        const options = { signal, timeoutMs: this.#limits.serverMs }
        server = await rpc.hello({ peer, addresses, expect: { domain, role: 'ars' } }, options)
        if (!scope.has(server.domain)) return false
        const target = { peer, addresses, expect: { spiffeId: server.spiffeId, domain: server.domain, role: 'ars' } }
        const response = await rpc.call(target, methods.discover, { ...this.#request, local: true }, options)
        await this.#take(response, peer, server, clock.monotonic() - began)
        return true
      })
    } catch (thrown) {
      const error = toHansaError(thrown)
      if (server === undefined && domain === undefined && NOT_MEANT.includes(error.code)) return false
      this.#outcomes.push({ peer, server, hits: 0, ms: clock.monotonic() - began, error })
      return false
    }
  }

  async #take(response: DiscoverResponse, peer: string, server: PeerIdentity, ms: number): Promise<void> {
    const nodes = server.own ? undefined : await this.#domainRecords.get(server.domain)
    let taken = 0
    let refused: HansaError | undefined
    if (!response.complete || response.hits.length > MAX_HITS) this.#complete = false
    for (const hit of response.hits.slice(0, MAX_HITS)) {
      try {
        const found = acceptHit(this.#deps, hit, server, this.#query, nodes)
        if (found === undefined) continue
        this.hits.push(found)
        taken++
      } catch (thrown) {
        refused = toHansaError(thrown)
      }
    }
    if (refused !== undefined) this.#deps.log.warn({ ars: server.spiffeId, error: refused }, 'a registration server sent a record that is not to be believed')
    this.#outcomes.push({ peer, server, hits: taken, ms, error: refused })
  }
}
