import { formatHandle, formatResourceId } from '../../../core/ids/agent-id.ts'
import { parseSpiffeId } from '../../../core/ids/spiffe-id.ts'
import { agentKey, GATEWAY_KEY, LINKS_KEY, resourceIdOf, type SyncedDelta, type SyncedEntry } from '../../../core/sync/entry.ts'
import type { PeerIdentity } from '../../../ports/identity.ts'
import type { Records } from '../../../ports/records.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type AgentAdvert, type Delta, type SyncEntry, SyncEntrySchema } from '../../../schema/generated/hansa/v1/gateway_pb.ts'

/** Largest payload of one entry: 64 capabilities of 200 characters and all other fields at their largest fit; a link state of 128 neighbours too. */
const MAX_ENTRY_BYTES = 32 * 1024

const MAX_KEY_CHARACTERS = 400

/**
 * Verifies a delta of whatever came in: every entry is signed by the origin itself, a gateway of a listed domain, and speaks of its own domain only, so
 * nobody passes off another's agents as his own (as RFC 9234 has it for routes). Throws as Records.open, or PERMISSION_DENIED, MALFORMED.
 */
export function checkDelta(delta: Delta, records: Records): { readonly delta: SyncedDelta; readonly signer: PeerIdentity | undefined } {
  const entries: SyncedEntry[] = []
  let signer: PeerIdentity | undefined
  for (const record of delta.entries) {
    if (record.payload.length > MAX_ENTRY_BYTES) throw new HansaError('MALFORMED', `an entry of ${record.payload.length} bytes`)
    const opened = records.open(SyncEntrySchema, record)
    signer = opened.signer
    checkEntry(opened.message, delta, signer)
    entries.push({ entry: opened.message, record })
  }
  return { delta: { origin: delta.origin, epoch: delta.epoch, from: delta.from, to: delta.to, entries }, signer }
}

function checkEntry(entry: SyncEntry, delta: Delta, signer: PeerIdentity): void {
  if (signer.spiffeId !== entry.origin || entry.origin !== delta.origin)
    throw new HansaError('PERMISSION_DENIED', `${signer.spiffeId} signed an entry of another gateway`)
  if (!signer.roles.includes('agw')) throw new HansaError('PERMISSION_DENIED', `${signer.spiffeId} is no gateway`)
  if (entry.epoch !== delta.epoch) throw new HansaError('MALFORMED', 'an entry of another epoch than its delta')
  if (entry.key.length > MAX_KEY_CHARACTERS || !fits(entry, signer))
    throw new HansaError('MALFORMED', `an entry of ${signer.spiffeId} whose key and value do not fit`)
}

function fits({ key, value }: SyncEntry, signer: PeerIdentity): boolean {
  switch (value.case) {
    case 'agent':
      return key === agentKey(value.value.resourceId) && isOwnAgent(value.value, signer)
    case 'links':
      return key === LINKS_KEY
    case 'gateway':
      return key === GATEWAY_KEY && value.value.spiffeId === signer.spiffeId && value.value.peerId === signer.peer
    case 'gone':
      return resourceIdOf(key) !== undefined || key === LINKS_KEY || key === GATEWAY_KEY
    case undefined:
      return false
  }
}

/** True when all names of the advert are of one agent in the gateway's own domain. */
function isOwnAgent(advert: AgentAdvert, signer: PeerIdentity): boolean {
  try {
    const id = parseSpiffeId(advert.spiffeId)
    return id.domain === signer.domain && advert.handle === formatHandle(id) && advert.resourceId === formatResourceId(id)
  } catch {
    return false
  }
}
