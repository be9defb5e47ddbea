import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { renewedRecord, tombstone } from '../../core/directory/agent-record.ts'
import { type AgentId, formatHandle, formatResourceId, parseResourceId } from '../../core/ids/agent-id.ts'
import { MAX_VALUE_BYTES } from '../../core/dht/rules.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import { HansaError } from '../../schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import {
  type AgentDescription,
  AgentDescriptionSchema,
  type AgentRecord,
  AgentRecordSchema,
  AgentStatus,
  RecordState
} from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { ArsConfig } from './config.ts'
import type { ArsDeps } from './deps.ts'

/** Writes to the Agent Database: everything is signed, committed, and only then told to others. */
export class Registry {
  readonly #deps: ArsDeps
  readonly #config: ArsConfig
  readonly #onChange: ((entry: AgentEntry) => void)[] = []

  constructor(deps: ArsDeps, config: ArsConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** Called after the commit of each new record, tombstones included. */
  onChange(fn: (entry: AgentEntry) => void): void {
    this.#onChange.push(fn)
  }

  get domain(): string {
    return this.self().domain
  }

  /** Own identity; throws UNAUTHENTICATED before enrolment. */
  self() {
    const self = this.#deps.identities.self()
    if (self === undefined) throw new HansaError('UNAUTHENTICATED', 'this node has no certificate yet')
    return self
  }

  /** The registration of an agent that stands now; undefined for tombstones and for what has expired. */
  find(id: AgentId): AgentEntry | undefined {
    const entry = this.#deps.database.get(formatResourceId(id))
    return entry !== undefined && this.stands(entry) ? entry : undefined
  }

  stands({ record }: AgentEntry): boolean {
    return record.state === RecordState.REGISTERED && Number(record.expiresAt) > this.#deps.clock.now()
  }

  /** All registrations that stand, in order of resource ID. */
  *standing(): Iterable<AgentEntry> {
    for (const entry of this.#deps.database.all()) if (this.stands(entry)) yield entry
  }

  /** How records of now are stamped. */
  issue(): { readonly ars: string; readonly now: number; readonly lifetime: number } {
    return { ars: this.self().spiffeId, now: this.#deps.clock.now(), lifetime: this.#config.recordLifetimeMs }
  }

  /**
   * Signs a record, writes it, and resolves when it is on disk. `description` is the agent's own record, encoded. Throws INVALID_ARGUMENT when the record with its chain
   * is larger than the DHT takes, OVERLOADED when the database is full, STORE_FAILED.
   */
  async save(record: AgentRecord, description: Uint8Array): Promise<AgentEntry> {
    const signed = toBinary(SignedRecordSchema, this.#deps.records.seal(AgentRecordSchema, record))
    if (signed.length > MAX_VALUE_BYTES)
      throw new HansaError(
        'INVALID_ARGUMENT',
        `the signed record of ${record.handle} has ${signed.length} bytes, at most ${MAX_VALUE_BYTES} fit; shorten the description, or the lists of capabilities, extensions and facts`
      )
    return this.#write(record, signed, description)
  }

  async #write(record: AgentRecord, signed: Uint8Array, description: Uint8Array): Promise<AgentEntry> {
    const { database, clock } = this.#deps
    const old = database.get(record.resourceId)
    if (old === undefined && database.count() >= this.#config.maxAgents)
      throw new HansaError('OVERLOADED', `the Agent Database is full (${this.#config.maxAgents})`, { bound: this.#config.maxAgents })
    // An update says nothing of whether the agent runs: what its gateway said last still holds.
    const known = old !== undefined && this.stands(old) && record.state === RecordState.REGISTERED
    const { status, gateway, statusAt } = known ? old : { status: AgentStatus.UNKNOWN, gateway: '', statusAt: clock.now() }
    const entry: AgentEntry = { record, signed, description, status, gateway, statusAt }
    database.put(entry)
    await database.commit()
    for (const fn of this.#onChange) fn(entry)
    return entry
  }

  /** Ends a registration with a tombstone; `barred` by the operator, for good. */
  async end(entry: AgentEntry, barred = false): Promise<AgentEntry> {
    return this.save(tombstone(parseResourceId(entry.record.resourceId), entry.record, this.issue(), barred), new Uint8Array())
  }

  /**
   * The operator has ended a registration at another server of the domain; `record` is the tombstone, checked by the caller. It ends what the same key has here, whatever the
   * sequences say: clocks of servers differ. What another key has stands. Throws OVERLOADED, STORE_FAILED.
   */
  async bar(record: AgentRecord, signed: SignedRecord): Promise<void> {
    const old = this.#deps.database.get(record.resourceId)
    if (old?.record.peerId === record.peerId) {
      if (!old.record.barred) await this.end(old, true)
    } else if (old === undefined || (!this.stands(old) && old.record.sequence < record.sequence))
      await this.#write(record, toBinary(SignedRecordSchema, signed), new Uint8Array())
  }

  /** Signs a standing registration for another lifetime. */
  async renew(entry: AgentEntry): Promise<AgentEntry> {
    return this.save(renewedRecord(entry.record, this.issue()), entry.description)
  }
}

/** The record as it is published. */
export function signedRecordOf(entry: AgentEntry): SignedRecord {
  return fromBinary(SignedRecordSchema, entry.signed)
}

/** What the agent signed; it was verified at registration. */
export function signedDescriptionOf(entry: AgentEntry): SignedRecord {
  return fromBinary(SignedRecordSchema, entry.description)
}

export function descriptionOf(entry: AgentEntry): AgentDescription {
  return fromBinary(AgentDescriptionSchema, signedDescriptionOf(entry).payload)
}

export function notRegistered(id: AgentId): HansaError {
  return new HansaError('AGENT_NOT_FOUND', `${formatHandle(id)} is not registered`, { agent: formatHandle(id) })
}
