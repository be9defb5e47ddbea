import { create } from '@bufbuild/protobuf'
import { addressOf } from '../../core/directory/address.ts'
import { match } from '../../core/directory/match.ts'
import type { Query } from '../../core/directory/query.ts'
import { score } from '../../core/directory/rank.ts'
import { reviewRecord } from '../../core/directory/record-review.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import { HansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import {
  type Address,
  AddressSchema,
  type AgentRecord,
  AgentRecordSchema,
  AgentStatus,
  type Hit,
  HitSchema
} from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { ArsDeps } from './deps.ts'
import { type DomainNodes, isNodeOf } from './domain-records.ts'
import type { FoundHit } from './known-agents.ts'

/**
 * A record from elsewhere, believed only after all checks: signed by a registration server of its own domain, which must be listed here. Throws as Records.open
 * and reviewRecord.
 */
export function openAgentRecord(deps: Pick<ArsDeps, 'records' | 'clock'>, signed: SignedRecord | undefined): AgentRecord {
  if (signed === undefined) throw new HansaError('MALFORMED', 'an answer without a record')
  const { message, signer } = deps.records.open(AgentRecordSchema, signed)
  reviewRecord(message, signer, deps.clock.now())
  return message
}

/**
 * A hit of another server, checked, scored anew, and given an address that this domain may use. Undefined when it does not fit the query. Throws as
 * openAgentRecord, and PERMISSION_DENIED when the server speaks for a domain that is not its own.
 */
export function acceptHit(deps: ArsDeps, hit: Hit, from: PeerIdentity, query: Query, nodes: DomainNodes | undefined): FoundHit | undefined {
  const record = openAgentRecord(deps, hit.record)
  if (record.domain !== from.domain) throw new HansaError('PERMISSION_DENIED', `${from.spiffeId} answers for ${record.domain}`, { domain: from.domain })
  const status = cleanStatus(hit.status)
  if (!match(record, status, query)) return undefined
  const value = score(record, status, query)
  const address = acceptAddress(record, hit.address, from.own, nodes)
  return { record, score: value, hit: create(HitSchema, { record: hit.record, status, score: value, address }) }
}

/** A server of the own domain may hand out the agent's own address; any other only a gateway of its domain (draft 3.2.3). */
export function acceptAddress(record: AgentRecord, offered: Address | undefined, own: boolean, nodes: DomainNodes | undefined): Address | undefined {
  if (own && offered?.gateway === false && isNodeOf(offered.node, record.domain, 'agent')) return offered
  // What the server says now is newer than what the DHT holds.
  const gateways = [...(offered?.gateway === true && isNodeOf(offered.node, record.domain, 'agw') ? [offered.node] : []), ...(nodes?.gateways ?? [])]
  const address = addressOf({ handle: record.handle, domain: record.domain, asker: '', gateways, intraDomain: 'gateway' })
  return address && create(AddressSchema, address)
}

export function cleanStatus(status: AgentStatus): AgentStatus {
  return status === AgentStatus.ONLINE || status === AgentStatus.OFFLINE ? status : AgentStatus.UNKNOWN
}
