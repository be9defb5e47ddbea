import { create } from '@bufbuild/protobuf'
import { formatHandle, formatResourceId } from '../../../core/ids/agent-id.ts'
import type { Sha256 } from '../../../core/crypto.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import type { Records } from '../../../ports/records.ts'
import { HansaError } from '../../../schema/errors.ts'
import { AgentDescriptionSchema, type AgentRecord, AgentRecordSchema, AgentStatus, RecordState } from '../../../schema/generated/hansa/v1/directory_pb.ts'
import { type AgentAdvert, AgentAdvertSchema, type AttachRequest } from '../../../schema/generated/hansa/v1/gateway_pb.ts'
import type { AttachedAgent } from '../routing-view.ts'
import type { RegistrationMark } from './ended-registrations.ts'

/** An agent attached here, who it proved to be, and what is said of it to others. */
export interface Attachment {
  readonly agent: AttachedAgent
  readonly identity: PeerIdentity
  readonly advert: AgentAdvert
  /** Of the record that it showed. */
  readonly registration: RegistrationMark
}

/** An advert is a summary; who wants all of a description asks the directory. */
const ADVERT_DESCRIPTION_CHARACTERS = 512

/** Addresses kept of one agent; a node that listens on more has surely one that works among the first. */
const MAX_ADDRESSES = 16

/**
 * Review of an access request (draft 3.3.1: "reviews its information and verifies its signature"). The description must be signed by the caller itself,
 * the record by an ARS of the caller's domain, and both be about the caller. Throws PERMISSION_DENIED, INCOMPLETE_REGISTRATION, RECORD_STALE, and as
 * Records.open.
 */
export function reviewAttach(
  request: AttachRequest,
  caller: PeerIdentity,
  deps: { readonly records: Records; readonly sha256: Sha256; readonly now: number }
): Attachment {
  if (request.description === undefined || request.record === undefined) {
    const missing = request.description === undefined ? 'description' : 'record'
    throw new HansaError('INCOMPLETE_REGISTRATION', `the access request has no ${missing}`, { missing })
  }
  const description = deps.records.open(AgentDescriptionSchema, request.description)
  if (description.signer.spiffeId !== caller.spiffeId || description.message.spiffeId !== caller.spiffeId || description.message.peerId !== caller.peer)
    throw new HansaError('PERMISSION_DENIED', `the description is not ${caller.spiffeId}'s own`)
  const { message: record, signer } = deps.records.open(AgentRecordSchema, request.record)
  if (signer.domain !== caller.domain || !signer.roles.includes('ars'))
    throw new HansaError('PERMISSION_DENIED', `the record is signed by ${signer.spiffeId}, which is no ARS of ${caller.domain}`)
  const resourceId = formatResourceId(caller)
  if (record.spiffeId !== caller.spiffeId || record.resourceId !== resourceId || record.handle !== formatHandle(caller))
    throw new HansaError('PERMISSION_DENIED', `the record is about another agent than ${caller.spiffeId}`)
  reviewRecord(record, deps.now)
  if (!equal(deps.sha256(description.message.card), record.cardSha256))
    throw new HansaError('RECORD_STALE', 'the card is not the one that was registered; register again, then attach')
  return {
    identity: caller,
    advert: advertOf(record),
    registration: { resourceId, sequence: record.sequence, peerId: record.peerId },
    agent: {
      resourceId,
      spiffeId: caller.spiffeId,
      handle: record.handle,
      peer: caller.peer,
      addresses: description.message.multiaddrs.slice(0, MAX_ADDRESSES),
      card: description.message.card,
      status: AgentStatus.ONLINE,
      streaming: record.streaming,
      languages: record.languages
    }
  }
}

function reviewRecord(record: AgentRecord, now: number): void {
  if (record.state !== RecordState.REGISTERED) throw new HansaError('AGENT_NOT_FOUND', `${record.handle} has been deregistered; register it again first`)
  if (Number(record.expiresAt) <= now) throw new HansaError('RECORD_STALE', `the record of ${record.handle} has expired; register again, then attach`)
}

function advertOf(record: AgentRecord): AgentAdvert {
  return create(AgentAdvertSchema, {
    resourceId: record.resourceId,
    spiffeId: record.spiffeId,
    handle: record.handle,
    name: record.name,
    description: record.description.slice(0, ADVERT_DESCRIPTION_CHARACTERS),
    capabilities: record.capabilities,
    languages: record.languages,
    protocols: record.protocols,
    streaming: record.streaming,
    status: AgentStatus.ONLINE,
    cardSha256: record.cardSha256
  })
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
