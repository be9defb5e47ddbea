import { fromBinary } from '@bufbuild/protobuf'
import { domainKey } from '../../core/dht/keys.ts'
import { isRole, type Role } from '../../core/ids/role.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import { HansaError } from '../../schema/errors.ts'
import { SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { DomainRecordSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import type { DiscoveryLimits } from './config.ts'
import { within } from './deadline.ts'
import type { ArsDeps } from './deps.ts'

/** Nodes of one kind that are taken from one record, and addresses of each. */
const MAX_NODES = 32
const MAX_ADDRESSES = 16

/** Where a domain's servers and gateways are, as its registration server has signed it. */
export interface DomainNodes {
  readonly servers: readonly NodeInfo[]
  readonly gateways: readonly NodeInfo[]
}

interface Cached extends DomainNodes {
  readonly sequence: bigint
  /** Who signed it: a server that is revoked later speaks for nobody. */
  readonly signer: PeerIdentity
  readonly expiresAt: number
  /** Time at which it was read. */
  readonly at: number
}

/** Reads the signed records of listed domains from the DHT, and keeps them for a while. */
export class DomainRecords {
  readonly #deps: ArsDeps
  readonly #limits: DiscoveryLimits
  /** By domain; bounded, since only listed domains are read. */
  readonly #cache = new Map<string, Cached>()
  readonly #reading = new Map<string, Promise<DomainNodes | undefined>>()

  constructor(deps: ArsDeps, limits: DiscoveryLimits) {
    this.#deps = deps
    this.#limits = limits
  }

  /** Undefined when there is none that can be believed. Never throws. */
  async get(domain: string): Promise<DomainNodes | undefined> {
    const { clock, identities } = this.#deps
    const now = clock.now()
    if (!identities.domains().includes(domain)) {
      this.#cache.delete(domain)
      return undefined
    }
    const cached = this.#cached(domain)
    if (cached !== undefined && now < cached.expiresAt && now - cached.at < this.#limits.domainRecordMs) return cached
    // Those who ask at the same time share one reading.
    const reading = this.#reading.get(domain) ?? this.#read(domain).finally(() => this.#reading.delete(domain))
    this.#reading.set(domain, reading)
    return reading
  }

  /** What was read before, while its signer is believed. */
  #cached(domain: string): Cached | undefined {
    const cached = this.#cache.get(domain)
    if (cached === undefined) return undefined
    try {
      this.#deps.identities.check(cached.signer)
      return cached
    } catch {
      this.#cache.delete(domain)
      return undefined
    }
  }

  async #read(domain: string): Promise<DomainNodes | undefined> {
    const { clock, dht, identities, sha256, log } = this.#deps
    const found = await within(clock, this.#limits.lookupMs, undefined, (signal) =>
      Promise.all(
        identities.roots(domain).map(async (root) => {
          try {
            const value = await dht.get(domainKey(domain, sha256(root), sha256), signal)
            return value === undefined ? undefined : this.#open(domain, value)
          } catch (error) {
            log.debug({ domain, error }, 'no usable domain record')
            return undefined
          }
        })
      )
    )
    const known = this.#cached(domain)
    // An older record than one that was seen is somebody's replay.
    const best = [known, ...found].reduce((a, b) => (b !== undefined && (a === undefined || b.sequence >= a.sequence) ? b : a), undefined)
    if (best === undefined || best.expiresAt <= clock.now()) {
      this.#cache.delete(domain)
      return undefined
    }
    this.#cache.set(domain, best)
    return best
  }

  #open(domain: string, value: Uint8Array): Cached {
    const { message, signer } = this.#deps.records.open(DomainRecordSchema, fromBinary(SignedRecordSchema, value))
    const now = this.#deps.clock.now()
    if (message.domain !== domain || signer.domain !== domain || !signer.roles.includes('ars'))
      throw new HansaError('SIGNATURE_INVALID', `${signer.spiffeId} cannot speak for ${domain}`)
    if (Number(message.expiresAt) <= now) throw new HansaError('RECORD_STALE', `the record of ${domain} has expired`)
    return {
      servers: message.servers.slice(0, MAX_NODES).filter((node) => isNodeOf(node, domain, 'ars')),
      gateways: message.gateways.slice(0, MAX_NODES).filter((node) => isNodeOf(node, domain, 'agw')),
      sequence: message.sequence,
      signer,
      expiresAt: Number(message.expiresAt),
      at: now
    }
  }
}

/** True for a well-formed description of a node of this domain with this role; whether it is true shows when the node is called. */
export function isNodeOf(node: NodeInfo | undefined, domain: string, role: Role): node is NodeInfo {
  if (node === undefined || node.peerId === '' || node.multiaddrs.length > MAX_ADDRESSES || !node.roles.every(isRole) || !node.roles.includes(role))
    return false
  if (node.ingress !== '' && !/^https?:\/\/[^\s/]+$/.test(node.ingress)) return false
  try {
    return parseSpiffeId(node.spiffeId).domain === domain
  } catch {
    return false
  }
}
