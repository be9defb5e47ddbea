import { toBinary } from '@bufbuild/protobuf'
import { registeredRecord } from '../../core/directory/agent-record.ts'
import { reviewReturn } from '../../core/directory/deregistration.ts'
import { reviewRegistration } from '../../core/directory/registration.ts'
import { formatResourceId } from '../../core/ids/agent-id.ts'
import type { AgentEntry } from '../../ports/agent-database.ts'
import type { PeerIdentity } from '../../ports/identity.ts'
import type { UnaryHandler } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'
import { type SignedRecord, SignedRecordSchema } from '../../schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema } from '../../schema/generated/hansa/v1/directory_pb.ts'
import type { methods } from '../../wire/methods.ts'
import { callerOf } from './caller.ts'
import type { ArsDeps } from './deps.ts'
import { descriptionOf, type Registry, signedDescriptionOf, signedRecordOf } from './registry.ts'

/** Registration (draft 3.2.1): verified, stored, and acknowledged only when it is on disk. */
export function register(deps: ArsDeps, registry: Registry): UnaryHandler<typeof methods.register> {
  return async ({ description }, { caller }) => {
    const { entry, created } = await enter(deps, registry, description, callerOf(caller))
    return { record: signedRecordOf(entry), created }
  }
}

/**
 * Verifies a description and registers its agent, or replaces its registration. A description sent again, because the answer was lost, gets the same answer again.
 * Throws as reviewRegistration, reviewReturn, Records.open and Registry.save.
 */
export async function enter(
  deps: ArsDeps,
  registry: Registry,
  signed: SignedRecord | undefined,
  caller: PeerIdentity
): Promise<{ readonly entry: AgentEntry; readonly created: boolean }> {
  if (signed === undefined) throw new HansaError('MALFORMED', 'a registration without a description')
  const { message: description, signer } = deps.records.open(AgentDescriptionSchema, signed)
  if (signer.spiffeId !== caller.spiffeId || signer.peer !== caller.peer)
    throw new HansaError('PERMISSION_DENIED', `${caller.spiffeId} cannot register ${signer.spiffeId}; an agent registers itself`, { domain: registry.domain })
  const standing = registry.find(signer)
  if (standing !== undefined && same(signed, signedDescriptionOf(standing))) return { entry: standing, created: false }
  const facts = reviewRegistration({
    description,
    signer,
    domain: registry.domain,
    previous: standing && { record: standing.record, revision: descriptionOf(standing).revision },
    now: deps.clock.now()
  })
  // The tombstone of an earlier registration counts too: what is new must be newer than it.
  const previous = deps.database.get(formatResourceId(signer))?.record
  reviewReturn(previous, signer)
  const record = registeredRecord(signer, description, facts, { ...registry.issue(), previous }, deps.sha256)
  const entry = await registry.save(record, toBinary(SignedRecordSchema, signed))
  deps.log.info({ agent: record.handle, sequence: String(record.sequence) }, standing === undefined ? 'agent registered' : 'registration updated')
  return { entry, created: standing === undefined }
}

function same(a: SignedRecord, b: SignedRecord): boolean {
  return equal(a.payload, b.payload) && equal(a.signature, b.signature)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
