import { create } from '@bufbuild/protobuf'
import type { Sha256 } from '../crypto.ts'
import { type AgentDescription, type AgentRecord, AgentRecordSchema, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type AgentId, formatHandle, formatResourceId } from '../ids/agent-id.ts'
import type { CardFacts } from './card-facts.ts'

/** Who signs a record, when, and for how long. */
export interface Issue {
  /** SPIFFE ID of the registration server. */
  readonly ars: string
  readonly now: number
  /** Milliseconds. */
  readonly lifetime: number
  /** The record that this one follows, tombstones included. */
  readonly previous?: Pick<AgentRecord, 'sequence'>
}

/** The record of a registration; the resource ID is minted here (draft 2.3, 3.2.1). */
export function registeredRecord(id: AgentId, description: AgentDescription, facts: CardFacts, issue: Issue, sha256: Sha256): AgentRecord {
  return create(AgentRecordSchema, {
    ...names(id, description.spiffeId),
    state: RecordState.REGISTERED,
    name: description.name,
    description: description.description,
    capabilities: description.capabilities,
    languages: description.languages,
    protocols: description.protocols,
    cardSha256: sha256(description.card),
    streaming: facts.streaming,
    extensions: [...facts.extensions],
    skills: [...facts.skills],
    peerId: description.peerId,
    ...stamp(issue)
  })
}

/** The same registration for another lifetime. */
export function renewedRecord(record: AgentRecord, issue: Omit<Issue, 'previous'>): AgentRecord {
  return create(AgentRecordSchema, { ...record, ...stamp({ ...issue, previous: record }) })
}

/**
 * The end of a registration (draft 3.2.2). It says nothing of the agent but who it was, and outlives every record that it ends. `barred`: by the operator, so that
 * the same key does not come back.
 */
export function tombstone(id: AgentId, record: AgentRecord, issue: Omit<Issue, 'previous'>, barred: boolean): AgentRecord {
  return create(AgentRecordSchema, {
    ...names(id, record.spiffeId),
    state: RecordState.DEREGISTERED,
    peerId: record.peerId,
    barred,
    ...stamp({ ...issue, previous: record })
  })
}

function names(id: AgentId, spiffeId: string): Pick<AgentRecord, 'resourceId' | 'handle' | 'domain' | 'spiffeId'> {
  return { resourceId: formatResourceId(id), handle: formatHandle(id), domain: id.domain, spiffeId }
}

/** The sequence is the time, so that a server that lost its database is not taken for older than its own past; and it grows in any case. */
function stamp({ ars, now, lifetime, previous }: Issue): Pick<AgentRecord, 'ars' | 'sequence' | 'issuedAt' | 'expiresAt'> {
  const next = (previous?.sequence ?? 0n) + 1n
  const time = BigInt(now)
  return { ars, sequence: next > time ? next : time, issuedAt: time, expiresAt: BigInt(now + lifetime) }
}
