import type { MessageInitShape } from '@bufbuild/protobuf'
import { formatHandle, formatResourceId } from '../../core/ids/agent-id.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Identities, PeerIdentity } from '../../ports/identity.ts'
import type { Records } from '../../ports/records.ts'
import type { Rpc } from '../../ports/rpc.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema, type AgentRecord, AgentRecordSchema, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { NodeInfo } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { methods } from '../../wire/methods.ts'
import { candidates, firstAnswer, type Members, targetOf } from './candidates.ts'

export interface RegistrationDeps {
  readonly clock: Clock
  readonly rpc: Rpc
  readonly records: Records
  readonly identities: Identities
  readonly members: Members
}

/** A registration that a server of the own domain has acknowledged (draft 3.2.1). */
export interface Registered {
  /** What the agent signed. */
  readonly description: SignedRecord
  /** What the server signed. */
  readonly signedRecord: SignedRecord
  readonly record: AgentRecord
  /** SPIFFE ID of the registration server. */
  readonly server: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Registers, updates and deregisters the agent at a registration server of the own domain (draft 3.2.1, 3.2.2). */
export class Registration {
  readonly #deps: RegistrationDeps
  #current: Registered | undefined
  #server: NodeInfo | undefined

  constructor(deps: RegistrationDeps) {
    this.#deps = deps
  }

  get current(): Registered | undefined {
    return this.#current
  }

  /** True in the second half of the record's life: time to have it signed anew, long before gateways drop it. */
  get ageing(): boolean {
    const record = this.#current?.record
    if (record === undefined) return false
    return this.#deps.clock.now() >= (Number(record.issuedAt) + Number(record.expiresAt)) / 2
  }

  /**
   * Signs the description and has it registered, or updated when this process has registered before. Throws what the server refuses with, PEER_UNREACHABLE
   * when no server answers, UNAUTHENTICATED before enrolment, INVALID_AGENT_RESPONSE or SIGNATURE_INVALID for an answer that is not to be believed.
   */
  async register(description: MessageInitShape<typeof AgentDescriptionSchema>, signal: AbortSignal): Promise<Registered> {
    const { rpc, members, records, clock } = this.#deps
    const self = this.#self()
    const signed = records.seal(AgentDescriptionSchema, description)
    this.#current = await firstAnswer(this.#servers(), noServer(self), async (node) => {
      const target = targetOf(node, 'ars', self.domain)
      const send = (method: typeof methods.register) => rpc.call(target, method, { description: signed }, { signal })
      const response = await (this.#current === undefined
        ? send(methods.register)
        : send(methods.update).catch((thrown: unknown) => {
            // The server has lost us (another disk), or the operator has ended the registration, which the server then says: begin again.
            if (toHansaError(thrown).code === 'AGENT_NOT_FOUND' || toHansaError(thrown).code === 'NOT_FOUND') return this.#again(() => send(methods.register))
            throw thrown
          }))
      if (response.record === undefined) throw new HansaError('MALFORMED', 'the registration server answered without a record')
      const { record, server } = this.#believe(response.record, self)
      this.#server = node.peerId === members.self().peerId ? undefined : node
      return { description: signed, signedRecord: response.record, record, server, at: clock.now() }
    })
    return this.#current
  }

  /** Takes the agent off the swarm's directory for good (draft 3.2.2). Throws as `register`. */
  async deregister(signal?: AbortSignal): Promise<void> {
    const self = this.#self()
    const resourceId = this.#current?.record.resourceId
    if (resourceId === undefined) throw new HansaError('AGENT_NOT_FOUND', 'the agent has not been registered by this node')
    await firstAnswer(this.#servers(), noServer(self), (node) =>
      this.#deps.rpc.call(targetOf(node, 'ars', self.domain), methods.deregister, { resourceId }, { signal })
    )
    this.#current = undefined
  }

  /** The gateway or a server says that the registration has ended. */
  end(): void {
    this.#current = undefined
  }

  async #again<T>(register: () => Promise<T>): Promise<T> {
    try {
      return await register()
    } catch (thrown) {
      if (toHansaError(thrown).code === 'PERMISSION_DENIED') this.end()
      throw thrown
    }
  }

  #servers(): NodeInfo[] {
    return candidates(this.#deps.members, 'ars', { first: this.#server?.peerId })
  }

  #self(): PeerIdentity {
    const self = this.#deps.identities.self()
    if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
    return self
  }

  /** The record must be signed by a server of the own domain and be about this agent: a gateway will be shown it as proof. */
  #believe(signed: SignedRecord, self: PeerIdentity): { record: AgentRecord; server: string } {
    const { message: record, signer } = this.#deps.records.open(AgentRecordSchema, signed)
    const wrong =
      !signer.own || !signer.roles.includes('ars')
        ? `its signer ${signer.spiffeId} is no registration server of ${self.domain}`
        : record.spiffeId !== self.spiffeId || record.peerId !== self.peer
          ? `it is about ${record.spiffeId.slice(0, 200)}`
          : record.state !== RecordState.REGISTERED
            ? 'it is a tombstone'
            : record.handle !== formatHandle(self) || record.resourceId !== formatResourceId(self) || record.domain !== self.domain
              ? `its names (${record.handle.slice(0, 200)}) are not those of this agent`
              : undefined
    if (wrong !== undefined) throw new HansaError('SIGNATURE_INVALID', `the registration server's record cannot be believed: ${wrong}`)
    return { record, server: signer.spiffeId }
  }
}

function noServer(self: PeerIdentity): HansaError {
  return new HansaError('PEER_UNREACHABLE', `no registration server of ${self.domain} is known to this node`)
}
