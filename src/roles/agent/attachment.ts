import type { Clock } from '../../ports/clock.ts'
import type { Identities } from '../../ports/identity.ts'
import type { Rpc } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { candidates, firstAnswer, type Members, targetOf } from './candidates.ts'
import type { Registered } from './registration.ts'
import { isRefusal } from './retry.ts'

export interface AttachmentDeps {
  readonly clock: Clock
  readonly rpc: Rpc
  readonly identities: Identities
  readonly members: Members
}

/** The gateway that makes the agent reachable (draft 3.3.1: agent access). */
export interface Attached {
  readonly gateway: NodeInfo
  readonly resourceId: string
  readonly heartbeatMs: number
  /** A2A JSON-RPC URL of the agent at the gateway; empty when the gateway has no ingress. */
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** What a gateway may ask for, in milliseconds: more often would be a flood, less often a day's silence. */
const HEARTBEAT = { least: 100, most: 300_000, usual: 30_000 }

/** Keeps the agent attached to one gateway of the own domain (draft 3.3.1). */
export class Attachment {
  readonly #deps: AttachmentDeps
  #current: Attached | undefined
  #lastBeat: number | undefined
  /** PeerId of the gateway that failed last; asked last. */
  #failed: string | undefined
  #confirmed = false

  constructor(deps: AttachmentDeps) {
    this.#deps = deps
  }

  get current(): Attached | undefined {
    return this.#current
  }

  /** Milliseconds since the epoch of the last heartbeat that the gateway answered. */
  get lastBeat(): number | undefined {
    return this.#lastBeat
  }

  /** Attaches to the first gateway that takes the agent. Throws PEER_UNREACHABLE when none answers, or what a gateway refuses with. */
  async attach(registered: Registered, signal: AbortSignal): Promise<Attached> {
    const { rpc, members, clock } = this.#deps
    const domain = registered.record.domain
    const gateways = candidates(members, 'agw', { first: this.#current?.gateway.peerId, last: this.#failed })
    const none = new HansaError('PEER_UNREACHABLE', `no gateway of ${domain} is known to this node`)
    this.#current = await firstAnswer(gateways, none, async (gateway) => {
      const request = { description: registered.description, record: registered.signedRecord }
      const response = await rpc.call(targetOf(gateway, 'agw', domain), methods.attach, request, { signal })
      const heartbeatMs = Math.min(HEARTBEAT.most, Math.max(HEARTBEAT.least, response.heartbeatMs || HEARTBEAT.usual))
      return { gateway, resourceId: registered.record.resourceId, heartbeatMs, url: response.url, since: clock.now() }
    })
    this.#failed = undefined
    this.#confirmed = false
    return this.#current
  }

  /**
   * Tells the gateway the agent's status. False when the gateway no longer knows the agent or cannot be reached: attach again. Throws OVERLOADED when the
   * gateway forgets the agent as soon as it has attached, and what the gateway refuses with.
   */
  async beat(status: AgentStatus, signal: AbortSignal): Promise<boolean> {
    const attached = this.#current
    if (attached === undefined) return false
    const known = await this.#send(attached, status, signal)
    if (known === undefined) {
      this.lose()
      return false
    }
    if (!known) {
      this.#current = undefined
      if (!this.#confirmed)
        throw new HansaError('OVERLOADED', `the gateway ${attached.gateway.spiffeId} took the agent and did not keep it`, { at: attached.gateway.spiffeId })
      return false
    }
    this.#confirmed = true
    this.#lastBeat = this.#deps.clock.now()
    return true
  }

  /** The gateway is gone: the next attach asks the others first. */
  lose(): void {
    this.#failed = this.#current?.gateway.peerId
    this.#current = undefined
  }

  /** Draft 3.3.1: the agent stops its services; the gateway deletes its record. Throws when the gateway cannot be told. */
  async detach(reason: string, timeoutMs: number): Promise<void> {
    const attached = this.#current
    if (attached === undefined) return
    this.#current = undefined
    await this.#deps.rpc.call(this.#target(attached), methods.detach, { resourceId: attached.resourceId, reason }, { timeoutMs })
  }

  /** Undefined when the gateway did not answer twice: a pooled stream may have died unnoticed, a gateway that is up answers the second time. */
  async #send(attached: Attached, status: AgentStatus, signal: AbortSignal): Promise<boolean | undefined> {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const request = { resourceId: attached.resourceId, status }
        return (await this.#deps.rpc.call(this.#target(attached), methods.heartbeat, request, { signal })).attached
      } catch (thrown) {
        signal.throwIfAborted()
        const error = toHansaError(thrown)
        // Quotas and overload say "later", and that the gateway is there.
        if (isRefusal(error) || error.code === 'RATE_LIMITED' || error.code === 'OVERLOADED') throw error
      }
    }
    return undefined
  }

  #target(attached: Attached) {
    return targetOf(attached.gateway, 'agw', this.#deps.identities.self()?.domain ?? '')
  }
}
