import { formatHandle, parseResourceId } from '../../core/ids/agent-id.ts'
import { quote } from '../../core/ids/domain.ts'
import { parseSpiffeId } from '../../core/ids/spiffe-id.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { Records } from '../../ports/records.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import type { SignedRecord } from '../../schema/generated/hansa/v1/call_pb.ts'
import { type AgentRecord, AgentRecordSchema, RecordState } from '../../schema/generated/hansa/v1/directory_pb.ts'

/** What this node has verified of a record. */
export interface Verified {
  /**
   * `chain`: signed by a registration server whose certificate leads to a root that this node has listed. `self`: the record is consistent, but its
   * domain is not listed here, so anybody could have made it.
   */
  readonly level: 'chain' | 'self'
  /** SPIFFE ID of the registration server that signed. */
  readonly signer: string
  /** Names of the checks that held. */
  readonly checks: readonly string[]
}

/**
 * Opens an agent's record and checks that its signer may say what it says. Throws SIGNATURE_INVALID, MALFORMED, RECORD_STALE, AGENT_NOT_FOUND for a tombstone,
 * and whatever is wrong with the certificate.
 */
export function verifyRecord(deps: { readonly records: Records; readonly clock: Clock }, signed: SignedRecord): { record: AgentRecord; verified: Verified } {
  const { record, signer, level } = open(deps.records, signed)
  const id = parseResourceId(record.resourceId)
  const spiffe = parseSpiffeId(record.spiffeId)
  if (!signer.roles.includes('ars')) throw unbelievable(record, `${signer.spiffeId} is no registration server`)
  if (signer.domain !== id.domain || record.domain !== id.domain) throw unbelievable(record, `a server of ${signer.domain} speaks for ${id.domain}`)
  if (record.handle !== formatHandle(id) || spiffe.domain !== id.domain || spiffe.name !== id.name)
    throw unbelievable(record, 'its names contradict each other')
  if (record.state === RecordState.DEREGISTERED) throw new HansaError('AGENT_NOT_FOUND', `${record.handle} has been deregistered`, { agent: record.handle })
  if (Number(record.expiresAt) <= deps.clock.now()) throw new HansaError('RECORD_STALE', `the record of ${record.handle} has expired`, { agent: record.handle })
  const checks = ['signature', level === 'chain' ? 'certificate chain to a listed root' : 'certificate chain to its own root', 'signer role', 'names', 'expiry']
  return { record, verified: { level, signer: signer.spiffeId, checks } }
}

function open(records: Records, signed: SignedRecord): { record: AgentRecord; signer: PeerIdentity; level: Verified['level'] } {
  try {
    const { message: record, signer } = records.open(AgentRecordSchema, signed)
    return { record, signer, level: 'chain' }
  } catch (thrown) {
    if (toHansaError(thrown).code !== 'UNKNOWN_DOMAIN') throw thrown
    const { message: record, signer } = records.consistent(AgentRecordSchema, signed)
    return { record, signer, level: 'self' }
  }
}

function unbelievable(record: AgentRecord, why: string): HansaError {
  return new HansaError('SIGNATURE_INVALID', `the record of ${quote(record.handle)} is not to be believed: ${why}`)
}
