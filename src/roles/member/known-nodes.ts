import { create } from '@bufbuild/protobuf'
import { isRole, type Role, sortRoles } from '../../core/ids/role.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import { type NodeInfo, NodeInfoSchema } from '../../schema/generated/hansa/v1/trust_pb.ts'

/** Nodes of one domain that are remembered. */
const MAX_NODES = 1000
/** What one answer carries; a message holds 64 KiB. */
const MAX_ANSWER = 100
const MAX_ADDRESSES = 16
const MAX_TEXT = 256
/** A node that nobody has heard of for this long is gone. */
const FORGET_MS = 3_600_000

interface Known {
  readonly info: NodeInfo
  /** True when the node has shown its certificate to us; hearsay never replaces that. */
  readonly proved: boolean
  readonly seen: number
}

/** The nodes of the own domain, by PeerId: first hand from those that called or answered, hearsay from their answers. */
export class KnownNodes {
  readonly #domain: string
  readonly #self: string
  readonly #nodes = new Map<string, Known>()

  constructor(domain: string, self: string) {
    this.#domain = domain
    this.#self = self
  }

  /** A node said this of itself; name, roles and key come from its certificate, only the addresses are its word. */
  learn(identity: PeerIdentity, said: Pick<NodeInfo, 'multiaddrs' | 'ingress'> | undefined, now: number): void {
    if (!identity.own) return
    const { peer: peerId, spiffeId, roles } = identity
    this.#put(create(NodeInfoSchema, { spiffeId, roles: [...roles], peerId, ...addressesOf(said) }), true, now)
  }

  /** A node of the domain said this of another one: a hint where to look; the other one proves itself when it is called. */
  hear(info: NodeInfo, now: number): void {
    const roles = sortRoles(info.roles.filter(isRole))
    if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(info.peerId) || roles.length === 0 || !this.#isOwn(info.spiffeId)) return
    const known = this.#nodes.get(info.peerId)
    if (known?.proved === true) return
    this.#put(create(NodeInfoSchema, { spiffeId: info.spiffeId, roles, peerId: info.peerId, ...addressesOf(info) }), false, known?.seen ?? now)
  }

  /** The node is believed no longer. */
  forget(peer: string): void {
    this.#nodes.delete(peer)
  }

  /** The node is connected and answers. */
  touch(peer: string, now: number): void {
    const known = this.#nodes.get(peer)
    if (known !== undefined) this.#nodes.set(peer, { ...known, seen: now })
  }

  expire(now: number): void {
    for (const [peer, known] of this.#nodes) if (now - known.seen > FORGET_MS) this.#nodes.delete(peer)
  }

  get(peer: string): NodeInfo | undefined {
    return this.#nodes.get(peer)?.info
  }

  all(): NodeInfo[] {
    return [...this.#nodes.values()].map((known) => known.info)
  }

  /** Servers and gateways: those that are kept connected and told to others. Agents are many, and each comes by itself. */
  infrastructure(): NodeInfo[] {
    const servers = [...this.#nodes.values()].filter(({ info }) => isServer(info.roles))
    // Hearsay last: however much of it there is, it crowds out nobody who has shown a certificate.
    return [...servers.filter(({ proved }) => proved), ...servers.filter(({ proved }) => !proved)].map(({ info }) => info).slice(0, MAX_ANSWER)
  }

  withRole(role: Role): NodeInfo[] {
    return this.all().filter((info) => info.roles.includes(role))
  }

  #isOwn(spiffeId: string): boolean {
    try {
      return parseSpiffeId(spiffeId).domain === this.#domain
    } catch {
      return false
    }
  }

  #put(info: NodeInfo, proved: boolean, now: number): void {
    if (info.peerId === this.#self) return
    this.#nodes.delete(info.peerId)
    if (this.#nodes.size >= MAX_NODES) {
      if (!proved) return
      // Hearsay makes room first, then who was put longest ago.
      const [hearsay] = [...this.#nodes].find(([, known]) => !known.proved) ?? [this.#nodes.keys().next().value]
      if (hearsay !== undefined) this.#nodes.delete(hearsay)
    }
    this.#nodes.set(info.peerId, { info, proved, seen: now })
  }
}

/** True for nodes that serve the domain, as against agents. */
export function isServer(roles: readonly string[]): boolean {
  return roles.some((role) => role !== 'agent')
}

function addressesOf(said: Pick<NodeInfo, 'multiaddrs' | 'ingress'> | undefined): { multiaddrs: string[]; ingress: string } {
  const multiaddrs = (said?.multiaddrs ?? []).filter((address) => address.startsWith('/') && address.length <= MAX_TEXT).slice(0, MAX_ADDRESSES)
  const ingress = said?.ingress ?? ''
  return { multiaddrs, ingress: /^https?:\/\/[^\s]+$/.test(ingress) && ingress.length <= MAX_TEXT ? ingress : '' }
}
