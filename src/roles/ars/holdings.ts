import type { AgentDatabase } from '../../ports/agent-database.ts'
import { AgentStatus, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'

/**
 * Which gateway holds which agents, as the gateways say. Kept beside the database so that a report need not search it. Bounded by it: only registered agents are
 * held.
 */
export class Holdings {
  readonly #database: AgentDatabase
  /** Resource IDs by SPIFFE ID of the gateway. */
  readonly #held = new Map<string, Set<string>>()
  /** Agents that were online at a gateway that is not heard of now; they are again when it is. */
  readonly #suspended = new Map<string, Set<string>>()

  constructor(database: AgentDatabase) {
    this.#database = database
    for (const { record, gateway } of database.all()) if (gateway !== '') this.#set(gateway).add(record.resourceId)
  }

  /** Gateways with agents that are held. */
  gateways(): string[] {
    return [...this.#held.keys()]
  }

  heldBy(gateway: string): readonly string[] {
    return [...(this.#held.get(gateway) ?? [])]
  }

  /** Takes what a gateway says of an agent. Returns false when it has no say: the agent is at another gateway by now, or is not registered. */
  tell(resourceId: string, status: AgentStatus, gateway: string, at: number): boolean {
    const entry = this.#database.get(resourceId)
    if (entry === undefined || entry.record.state !== RecordState.REGISTERED) return false
    const elsewhere = entry.gateway !== '' && entry.gateway !== gateway
    // Only "online" moves an agent: the gateway that it has left may notice late. And an old "online" does not fetch it back.
    if (elsewhere && (status !== AgentStatus.ONLINE || at < entry.statusAt)) return false
    if (elsewhere) this.forget(resourceId, entry.gateway)
    this.#set(gateway).add(resourceId)
    this.#suspended.get(gateway)?.delete(resourceId)
    this.#database.setStatus(resourceId, status, gateway, at)
    return true
  }

  /** The registration has ended: no gateway holds the agent. */
  ended(resourceId: string): void {
    for (const gateway of [...this.#held.keys()]) this.forget(resourceId, gateway)
  }

  forget(resourceId: string, gateway: string): void {
    const held = this.#held.get(gateway)
    held?.delete(resourceId)
    this.#suspended.get(gateway)?.delete(resourceId)
    if (held?.size === 0) {
      this.#held.delete(gateway)
      this.#suspended.delete(gateway)
    }
  }

  /** The gateway does not answer: nobody knows how its agents are. Returns how many were online. */
  suspend(gateway: string, at: number): number {
    const online = this.heldBy(gateway).filter((id) => {
      const entry = this.#database.get(id)
      return entry?.gateway === gateway && entry.status === AgentStatus.ONLINE
    })
    const suspended = this.#suspended.get(gateway) ?? new Set()
    if (online.length > 0) this.#suspended.set(gateway, suspended)
    for (const id of online) {
      suspended.add(id)
      this.#database.setStatus(id, AgentStatus.UNKNOWN, gateway, at)
    }
    return online.length
  }

  /** It answers again, and has said nothing else of them meanwhile. */
  restore(gateway: string, at: number): void {
    for (const id of this.#suspended.get(gateway) ?? []) this.#database.setStatus(id, AgentStatus.ONLINE, gateway, at)
    this.#suspended.delete(gateway)
  }

  #set(gateway: string): Set<string> {
    let held = this.#held.get(gateway)
    if (held === undefined) this.#held.set(gateway, (held = new Set()))
    return held
  }
}
