import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Verdict } from '../../core/pki/verdict.ts'
import type { Application, Outcome } from '../../ports/authority-door.ts'
import { ApplicationState, type ApplyRequest, type ApplyResponseSchema, VerdictState } from '../../schema/generated/hansa/v1/trust_pb.ts'

const STATES: Readonly<Record<Outcome['state'], ApplicationState>> = {
  issued: ApplicationState.ISSUED,
  pending: ApplicationState.PENDING,
  rejected: ApplicationState.REJECTED
}
const VERDICTS: Readonly<Record<Verdict['state'], VerdictState>> = {
  verified: VerdictState.VERIFIED,
  recorded: VerdictState.RECORDED,
  failed: VerdictState.FAILED
}

/** An application as it comes over the network. */
export function applicationOf({ csr, voucher, materials, cites }: ApplyRequest): Application {
  if (materials === undefined) return { csr, voucher, cites }
  const { oidcToken, documents, developer, organisation, name, roles, scopes, skills } = materials
  return { csr, voucher, cites, materials: { oidcToken, documents, developer, organisation, name, roles, scopes, skills } }
}

/** What its applicant is told. */
export function applyResponse(outcome: Outcome): MessageInitShape<typeof ApplyResponseSchema> {
  return {
    state: STATES[outcome.state],
    applicationId: outcome.applicationId,
    verdicts: outcome.verdicts.map(({ material, state, detail }) => ({ material, state: VERDICTS[state], detail })),
    chain: outcome.state === 'issued' ? [...outcome.chain] : [],
    message: outcome.state === 'issued' ? '' : outcome.message,
    retryAfterMs: outcome.state === 'pending' ? BigInt(outcome.retryAfterMs) : 0n
  }
}
