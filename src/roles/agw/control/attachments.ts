import { formatHandle } from '../../../core/ids/agent-id.ts'
import { FailureDetector } from '../../../core/liveness/failure-detector.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import type { CallContext } from '../../../ports/rpc.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { SignedRecord } from '../../../schema/generated/hansa/v1/call_pb.ts'
import { AgentStatus } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import type { AttachRequest, DetachRequest, HeartbeatRequest } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import { methods } from '../../../wire/methods.ts'
import type { AttachedAgent } from '../routing-view.ts'
import type { ControlDeps } from './control-deps.ts'
import { EndedRegistrations } from './ended-registrations.ts'
import { type Attachment, reviewAttach } from './review-attach.ts'

/** How long an agent's node may take to answer after its connection was lost: a local round trip and a busy event loop. */
const CHECK_MS = 1_000

/** Told of every transition; `status` OFFLINE with `gone` when the agent is no longer attached. */
export type AttachmentListener = (attachment: Attachment, status: AgentStatus, gone: boolean) => void

/** The agents attached to this gateway and their liveness (draft 3.3.1). */
export class Attachments {
  readonly #deps: ControlDeps
  readonly #changed: AttachmentListener
  readonly #running: () => boolean
  readonly #registrationEnded: (handle: string) => void
  readonly #detector: FailureDetector
  readonly #attached = new Map<string, Attachment>()
  readonly #ended: EndedRegistrations

  /** `registrationEnded`: told of each agent that is not registered any longer, attached or not. `running`: before its start and after its stop a gateway can tell nobody of an agent, so it takes none. */
  constructor(deps: ControlDeps, changed: AttachmentListener, running: () => boolean, registrationEnded: (handle: string) => void = () => undefined) {
    this.#deps = deps
    this.#changed = changed
    this.#running = running
    this.#registrationEnded = registrationEnded
    this.#detector = new FailureDetector(deps.config.heartbeatMs, deps.config.missed)
    this.#ended = new EndedRegistrations(deps.records)
  }

  /** Serves the methods. Call once. */
  serve(): void {
    const { rpc, network, identities } = this.#deps
    rpc.handle(methods.attach, (request, context) => this.#attach(request, callerOf(context)))
    rpc.handle(methods.heartbeat, (request, context) => this.#heartbeat(request, callerOf(context)))
    rpc.handle(methods.detach, (request, context) => this.#detach(request, callerOf(context)))
    rpc.handle(methods.agentEnded, ({ record }) => {
      this.end(record)
      return {}
    })
    network.onDisconnect((peer) => void this.#connectionLost(peer))
    identities.onChange(() => this.#checkAll())
  }

  get(handle: string): AttachedAgent | undefined {
    return this.#attached.get(handle)?.agent
  }

  all(): Attachment[] {
    return [...this.#attached.values()].sort((a, b) => (a.agent.handle < b.agent.handle ? -1 : 1))
  }

  /** A registration server says that a registration has ended: its agent is no longer attached, and cannot be with that record. Throws as EndedRegistrations.take. */
  end(tombstone: SignedRecord | undefined): void {
    const { handle } = this.#ended.take(tombstone)
    const attachment = this.#attached.get(handle)
    if (attachment !== undefined && !this.#ended.covers(attachment.registration)) return
    this.#deps.log.info({ agent: handle }, 'the registration of an agent has ended')
    this.#remove(handle)
    this.#registrationEnded(handle)
  }

  /** What time alone changes: silent agents go offline, long silent ones go. */
  tick(): void {
    const now = this.#deps.clock.monotonic()
    for (const { id } of this.#detector.tick(now)) this.#setStatus(id, AgentStatus.OFFLINE)
    for (const { agent } of [...this.#attached.values()])
      if ((this.#detector.silence(agent.handle, now) ?? 0) >= this.#deps.config.forgetAgentMs) this.#remove(agent.handle)
  }

  #attach(request: AttachRequest, caller: PeerIdentity) {
    const { config, clock, records, sha256, members, log } = this.#deps
    const handle = formatHandle(caller)
    if (!this.#running()) throw new HansaError('OVERLOADED', 'this gateway is starting or stopping')
    if (!this.#attached.has(handle) && this.#attached.size >= config.bounds.agents)
      throw new HansaError('OVERLOADED', `this gateway has all ${config.bounds.agents} agents it takes`)
    const attachment = reviewAttach(request, caller, { records, sha256, now: clock.now() })
    if (this.#ended.covers(attachment.registration)) throw new HansaError('AGENT_NOT_FOUND', `${handle} has been deregistered; register it again first`)
    this.#attached.set(handle, attachment)
    this.#detector.heard(handle, clock.monotonic())
    log.info({ agent: handle }, 'agent attached')
    this.#changed(attachment, AgentStatus.ONLINE, false)
    const { ingress } = members.self()
    return { heartbeatMs: config.heartbeatMs, url: ingress === '' ? '' : `${ingress}/agents/${handle}/jsonrpc` }
  }

  #heartbeat(request: HeartbeatRequest, caller: PeerIdentity): { attached: boolean } {
    const attachment = this.#own(request.resourceId, caller)
    // An agent of a gateway that stops looks for another one at once.
    if (attachment === undefined || !this.#running()) return { attached: false }
    if (request.status !== AgentStatus.ONLINE && request.status !== AgentStatus.OFFLINE)
      throw new HansaError('INVALID_ARGUMENT', 'a heartbeat says ONLINE or OFFLINE')
    const { handle } = attachment.agent
    // The certificate may have been renewed since; the newest one is the one to check.
    this.#attached.set(handle, { ...attachment, identity: caller })
    this.#detector.heard(handle, this.#deps.clock.monotonic())
    this.#setStatus(handle, request.status)
    return { attached: true }
  }

  #detach(request: DetachRequest, caller: PeerIdentity): object {
    if (this.#own(request.resourceId, caller) !== undefined) this.#remove(formatHandle(caller))
    return {}
  }

  /** The caller's own attachment; agents act for themselves only. */
  #own(resourceId: string, caller: PeerIdentity): Attachment | undefined {
    const attachment = this.#attached.get(formatHandle(caller))
    if (attachment !== undefined && attachment.agent.spiffeId !== caller.spiffeId) return undefined
    if (resourceId !== '' && attachment !== undefined && attachment.agent.resourceId !== resourceId)
      throw new HansaError('PERMISSION_DENIED', `${caller.spiffeId} is not that agent`)
    return attachment
  }

  /** A killed process on a live host resets its connection at once; a lost connection alone may be a network that flickers, so ask once. */
  async #connectionLost(peer: string): Promise<void> {
    const lost = this.all().filter(({ agent }) => agent.peer === peer && agent.status === AgentStatus.ONLINE)
    const [first] = lost
    if (first === undefined) return
    try {
      await this.#deps.rpc.call({ peer, addresses: first.agent.addresses }, methods.ping, {}, { timeoutMs: CHECK_MS })
    } catch {
      for (const { agent } of lost) {
        this.#detector.suspect(agent.handle)
        this.#setStatus(agent.handle, AgentStatus.OFFLINE)
      }
    }
  }

  /** Certificates have been revoked: their holders are no longer attached. */
  #checkAll(): void {
    for (const { agent, identity } of this.all()) {
      try {
        this.#deps.identities.check(identity)
      } catch (error) {
        this.#deps.log.warn({ agent: agent.handle, error }, 'agent detached: its certificate no longer holds')
        this.#remove(agent.handle)
      }
    }
  }

  #setStatus(handle: string, status: AgentStatus): void {
    const before = this.#attached.get(handle)
    if (before === undefined || before.agent.status === status) return
    const after: Attachment = { ...before, agent: { ...before.agent, status }, advert: { ...before.advert, status } }
    this.#attached.set(handle, after)
    this.#deps.log.info({ agent: handle, online: status === AgentStatus.ONLINE }, 'agent status')
    this.#changed(after, status, false)
  }

  #remove(handle: string): void {
    const attachment = this.#attached.get(handle)
    if (attachment === undefined) return
    this.#attached.delete(handle)
    this.#detector.forget(handle)
    this.#deps.log.info({ agent: handle }, 'agent detached')
    this.#changed(attachment, AgentStatus.OFFLINE, true)
  }
}

/** The verified identity of a caller; the method table lets nobody through without one. */
export function callerOf({ caller }: CallContext): PeerIdentity {
  if (caller.identity === undefined) throw new HansaError('UNAUTHENTICATED', 'a certificate is needed here')
  return caller.identity
}
