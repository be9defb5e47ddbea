import { HansaError } from '../../schema/errors.ts'
import type { AgentRecord } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type AgentId, formatHandle, parseResourceId } from '../ids/agent-id.ts'
import type { Role } from '../ids/role.ts'
import { parseSpiffeId } from '../ids/spiffe-id.ts'

/**
 * May this signer say this, and does it agree with itself? For records from elsewhere, after the signature was checked. Returns whose record it is. Throws
 * SIGNATURE_INVALID, INVALID_ARGUMENT, RECORD_STALE when it has expired. Tombstones pass.
 */
export function reviewRecord(
  record: AgentRecord,
  signer: { readonly domain: string; readonly roles: readonly Role[]; readonly spiffeId: string },
  now: number
): AgentId {
  const id = parseResourceId(record.resourceId)
  const named = parseSpiffeId(record.spiffeId)
  const refuse = (reason: string) => new HansaError('SIGNATURE_INVALID', `the record of ${record.resourceId} is not to be believed: ${reason}`)
  if (!signer.roles.includes('ars')) throw refuse(`${signer.spiffeId} is no registration server`)
  if (signer.domain !== id.domain || record.domain !== id.domain) throw refuse(`a server of ${signer.domain} speaks for ${id.domain}`)
  if (record.handle !== formatHandle(id) || named.domain !== id.domain || named.name !== id.name) throw refuse('its names contradict each other')
  if (Number(record.expiresAt) <= now) throw new HansaError('RECORD_STALE', `the record of ${record.handle} has expired`)
  return id
}
