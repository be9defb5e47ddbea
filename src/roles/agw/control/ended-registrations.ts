import { parseResourceId } from '../../../core/ids/agent-id.ts'
import type { Records } from '../../../ports/records.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { SignedRecord } from '../../../schema/generated/hansa/v1/call_pb.ts'
import { type AgentRecord, AgentRecordSchema, RecordState } from '../../../schema/generated/hansa/v1/directory_pb.ts'

/** Ends that are remembered; the oldest gives way. Whoever attaches again after that is ended by the answer to the next report. */
const MAX_REMEMBERED = 10_000

/** What is compared of a record. */
export type RegistrationMark = Pick<AgentRecord, 'resourceId' | 'sequence' | 'peerId'>

/** Registrations of the own domain that have ended (draft 3.2.2): their records are good until they expire, and must not let an agent in again. */
export class EndedRegistrations {
  readonly #records: Records
  readonly #ended = new Map<string, AgentRecord>()

  constructor(records: Records) {
    this.#records = records
  }

  /**
   * Takes a tombstone from a registration server and remembers it. Throws as Records.open, SIGNATURE_INVALID when it is none of a server of the agent's own domain, here
   * the gateway's.
   */
  take(signed: SignedRecord | undefined): AgentRecord {
    if (signed === undefined) throw new HansaError('MALFORMED', 'a notice without a record')
    const { message, signer } = this.#records.open(AgentRecordSchema, signed)
    const { domain } = parseResourceId(message.resourceId)
    if (!signer.own || signer.domain !== domain || !signer.roles.includes('ars') || message.state !== RecordState.DEREGISTERED)
      throw new HansaError('SIGNATURE_INVALID', `${signer.spiffeId} cannot end ${message.resourceId}`)
    const known = this.#ended.get(message.resourceId)
    if (known === undefined || known.sequence < message.sequence) {
      this.#ended.delete(message.resourceId)
      this.#ended.set(message.resourceId, message)
    }
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= MAX_REMEMBERED) break
      this.#ended.delete(oldest)
    }
    return message
  }

  /** True when the registration behind a record has ended, as far as is known here. */
  covers(record: RegistrationMark): boolean {
    const end = this.#ended.get(record.resourceId)
    return end !== undefined && ends(end, record)
  }
}

/** A newer tombstone ends a record; that of an operator ends everything of the same key, since clocks of servers differ. */
function ends(tombstone: Pick<AgentRecord, 'resourceId' | 'sequence' | 'peerId' | 'barred'>, record: RegistrationMark): boolean {
  if (tombstone.resourceId !== record.resourceId) return false
  return tombstone.sequence >= record.sequence || (tombstone.barred && tombstone.peerId === record.peerId)
}
