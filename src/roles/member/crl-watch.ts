import { hex } from '../../core/ids/hex.ts'
import type { Verdict } from '../../ports/pubsub.ts'
import type { Caller } from '../../ports/rpc.ts'
import { type ErrorCode, HansaError, toHansaError } from '../../schema/errors.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { CrlGossipSchema, CrlNoticeSchema, type CrlRequest, type CrlResponse, type NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { decode } from '../../wire/decode.ts'
import { methods } from '../../wire/methods.ts'
import { TOPICS } from '../../wire/topics.ts'
import { CrlFetch } from './crl-fetch.ts'
import type { MemberDeps } from './deps.ts'
import type { HeldCrl } from './revocations.ts'

/** How often it is looked whether a list has grown too old. */
const AGE_MS = 10_000
/** What one answer may carry; the rest comes with the next, which names these as held. */
const MAX_ANSWER = methods.crl.maxBytes - 64 * 1024
/** Why an honest node may pass on what we do not believe: it lists other domains, its clock differs, or it has not heard yet what we have. */
const INNOCENT: readonly ErrorCode[] = ['UNKNOWN_DOMAIN', 'CERTIFICATE_EXPIRED', 'CERTIFICATE_REVOKED', 'CRL_STALE']

/** draft 3.1.2: keeps revocation lists fresh, by gossip and by asking, and cuts off those whom they revoke. */
export class CrlWatch {
  readonly #domain: string
  readonly #deps: MemberDeps
  readonly #fetch: CrlFetch
  readonly #timers: (() => void)[] = []

  constructor(domain: string, deps: MemberDeps, servers: () => readonly NodeInfo[], sources: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#domain = domain
    this.#deps = deps
    this.#fetch = new CrlFetch(domain, deps, servers, sources)
  }

  start(everyMs: number): void {
    const { pubsub, identities, clock, rpc } = this.#deps
    pubsub.subscribe(
      TOPICS.crl,
      (data, from) => this.#judge(data, from),
      () => {}
    )
    identities.onChange(() => this.#cutOff())
    rpc.handle(methods.crl, (request, { caller }) => ({ lists: this.#serve(request, caller) }))
    this.#timers.push(
      clock.every(AGE_MS, () => identities.age()),
      clock.every(everyMs, () => {
        // No list tells of a certificate that has ended by itself.
        this.#cutOff()
        void this.fetch()
      })
    )
  }

  stop(): void {
    this.#fetch.stop()
    for (const stop of this.#timers.splice(0)) stop()
  }

  /** Asks for newer lists now. Never throws: the lists held stay in force. */
  fetch(): Promise<void> {
    return this.#fetch.round()
  }

  /** A node has been reached: who is not informed of the own domain asks it first, for otherwise it might believe nobody. */
  async connected(peer: string): Promise<void> {
    if (!this.#fetch.current(this.#domain)) await this.#fetch.ask({ peer })
  }

  /** Lists of the own domain, to its members also those that are held of others: a list proves itself. Only what is newer than what the caller has. */
  #serve({ held }: CrlRequest, { identity }: Caller): CrlResponse[] {
    const { identities } = this.#deps
    const own = identities.crls(this.#domain)
    if (own.length === 0) throw new HansaError('NOT_FOUND', `no revocation list of ${this.#domain} is held here`)
    const others = identity?.own === true ? identities.domains().filter((domain) => domain !== this.#domain) : []
    const has = new Map(held.map(({ issuer, number }) => [hex(issuer), number]))
    const news = [...own, ...others.flatMap((domain) => identities.crls(domain))].filter(({ issuer, number }) => BigInt(number) > (has.get(issuer) ?? -1n))
    let room = MAX_ANSWER
    return news.filter((list) => (room -= sizeOf(list)) >= 0).map(({ response }) => response)
  }

  /** A list is taken over while it is judged: what is genuine and new is passed on, old news is not, forgery is held against the sender. */
  #judge(data: Uint8Array, from: string): Verdict {
    try {
      const { news } = decode(CrlGossipSchema, data)
      if (news.case === 'list') return this.#deps.identities.acceptCrl(news.value) ? 'accept' : 'ignore'
      return news.case === 'notice' ? this.#notice(news.value, from) : 'reject'
    } catch (error) {
      return INNOCENT.includes(toHansaError(error).code) ? 'ignore' : 'reject'
    }
  }

  /** Word of a list that is too large for gossip, by the ACA itself. It costs a fetch, so it counts only from there, and only when it tells of something new. */
  #notice(bytes: Uint8Array, from: string): Verdict {
    const { records, identities } = this.#deps
    const { message, signer } = records.open(CrlNoticeSchema, decode(SignedRecordSchema, bytes))
    const number = Number(message.number)
    if (!signer.roles.includes('aca') || signer.domain !== message.domain || message.issuer.length !== 32 || !Number.isSafeInteger(number)) return 'reject'
    const issuer = hex(message.issuer)
    if (identities.crls(message.domain).some((held) => held.issuer === issuer && held.number >= number)) return 'ignore'
    this.#fetch.follow({ domain: message.domain, issuer, number }, from)
    return 'accept'
  }

  /** rpc shows only those who are believed now, so the identities come from the connections. */
  #cutOff(): void {
    const { identities, network, log } = this.#deps
    for (const peer of new Set(network.peers().map((each) => each.peer))) {
      const identity = identities.lastOf(peer)
      if (identity === undefined) continue
      try {
        identities.check(identity)
      } catch (error) {
        // Its streams are reset; over the connection the list may still come that makes it believed again.
        if (toHansaError(error).code === 'CRL_STALE') continue
        log.info({ err: error, spiffeId: identity.spiffeId }, 'cutting off a node that is believed no longer')
        network.hangUp(peer).catch((failure: unknown) => log.warn({ err: failure, peer }, 'the connection did not end'))
      }
    }
  }
}

function sizeOf({ response }: HeldCrl): number {
  return response.crl.length + response.chain.reduce((sum, each) => sum + each.length + 8, 512)
}
