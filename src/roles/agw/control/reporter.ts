import type { AgentStatus, StatusChangeSchema } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { SignedRecord } from '../../../schema/generated/hansa/v1/call_pb.ts'
import type { NodeInfo } from '../../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../../wire/methods.ts'
import type { ControlDeps } from './control-deps.ts'

type Report = MessageInitShape<typeof StatusChangeSchema>

/** Transitions of one moment go in one report. */
const GATHER_MS = 20

/** A failed report is repeated, as a full one, after this time. */
const RETRY_MS = 2_000

/** Now and then everything again, in case an ARS lost what it keeps in memory only. */
const FULL_MS = 300_000

interface Server {
  readonly node: NodeInfo
  /** Has everything up to the pending changes. */
  current: boolean
  sending: boolean
  fullAt: number
}

/** Tells the ARSs of the own domain every transition of an agent (draft 3.3.1); gateways own liveness. */
export class Reporter {
  readonly #deps: ControlDeps
  readonly #all: () => Report[]
  readonly #ended: (tombstone: SignedRecord) => void
  readonly #pending = new Map<string, Map<string, Report>>()
  readonly #servers = new Map<string, Server>()
  #waiting: (() => void) | undefined

  /** `all`: everything attached now, for full reports. `ended`: told of registrations that have ended; throws for what is not to be believed. */
  constructor(deps: ControlDeps, all: () => Report[], ended: (tombstone: SignedRecord) => void) {
    this.#deps = deps
    this.#all = all
    this.#ended = ended
  }

  stop(): void {
    this.#waiting?.()
    this.#waiting = undefined
  }

  changed(resourceId: string, status: AgentStatus): void {
    this.#findServers()
    const change: Report = { resourceId, status, at: BigInt(Math.trunc(this.#deps.clock.now())) }
    for (const id of this.#servers.keys()) {
      const changes = this.#pending.get(id) ?? new Map<string, Report>()
      this.#pending.set(id, changes.set(resourceId, change))
    }
    this.#later(GATHER_MS)
  }

  /** A connection to an ARS came up: it may have restarted, so it gets everything. */
  connected(peer: string): void {
    for (const server of this.#servers.values()) {
      if (server.node.peerId !== peer) continue
      server.current = false
      this.#later(GATHER_MS)
    }
  }

  /** Finds ARSs that are new, and repeats full reports. */
  tick(): void {
    this.#findServers()
    const now = this.#deps.clock.monotonic()
    for (const server of this.#servers.values()) if (now >= server.fullAt) server.current = false
    if ([...this.#servers.values()].some((server) => !server.current && !server.sending)) this.#later(GATHER_MS)
  }

  #findServers(): void {
    const found = this.#deps.members.find('ars')
    const ids = new Set(found.map((node) => node.spiffeId))
    for (const id of [...this.#servers.keys()]) {
      if (ids.has(id)) continue
      this.#servers.delete(id)
      this.#pending.delete(id)
    }
    for (const node of found) {
      const known = this.#servers.get(node.spiffeId)
      const fullAt = known?.fullAt ?? 0
      this.#servers.set(node.spiffeId, { node, current: known?.current ?? false, sending: known?.sending ?? false, fullAt })
    }
  }

  #later(ms: number): void {
    this.#waiting ??= this.#deps.clock.after(ms, () => {
      this.#waiting = undefined
      for (const [id, server] of this.#servers) if (!server.sending) void this.#send(id)
    })
  }

  async #send(id: string): Promise<void> {
    const server = this.#servers.get(id)
    if (server === undefined) return
    const full = !server.current
    const changes = full ? this.#all() : [...(this.#pending.get(id)?.values() ?? [])]
    if (!full && changes.length === 0) return
    const gone = full ? [...(this.#pending.get(id)?.values() ?? [])].filter((change) => !changes.some((now) => now.resourceId === change.resourceId)) : []
    this.#pending.delete(id)
    server.sending = true
    let ok = false
    try {
      const { peerId, multiaddrs, spiffeId } = server.node
      const target = { peer: peerId, addresses: multiaddrs, expect: { spiffeId, role: 'ars' } }
      const { ended } = await this.#deps.rpc.call(target, methods.report, { changes: [...changes, ...gone], full })
      ok = true
      for (const tombstone of ended) this.#end(id, tombstone)
    } catch (error) {
      this.#deps.log.debug({ ars: id, error }, 'status report failed')
    }
    // The entry may have been replaced by #findServers meanwhile.
    const after = this.#servers.get(id)
    if (after === undefined) return
    after.sending = false
    after.current = ok && (full || after.current)
    if (ok && full) after.fullAt = this.#deps.clock.monotonic() + FULL_MS
    if (!ok) this.#later(RETRY_MS)
    else if (this.#pending.has(id)) this.#later(GATHER_MS)
  }

  /** One that cannot be believed keeps no other out. */
  #end(ars: string, tombstone: SignedRecord): void {
    try {
      this.#ended(tombstone)
    } catch (error) {
      this.#deps.log.warn({ ars, error }, 'a registration server sent an end that is not to be believed')
    }
  }
}
