import type { Sha256 } from '../../core/crypto.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import type { Rpc, Target } from '../../ports/rpc.ts'
import type { Signer } from '../../ports/signer.ts'
import { HansaError } from '../../schema/errors.ts'
import { ApplicationState } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../wire/x509/csr.ts'
import { methods } from '../../wire/methods.ts'
import type { MemberIdentities } from './identities.ts'

export interface Enrolment {
  readonly rpc: Rpc
  /** Without roots and chain at first; afterwards they are in it. */
  readonly identities: MemberIdentities
  readonly sha256: Sha256
  readonly signer: Signer
  /** Nodes that may be the ACA; asked in turn. */
  readonly targets: readonly Target[]
  readonly domain: string
  readonly voucher: string
  /** SHA-256 of the root certificate, from the invite. It is what makes the answer believed, whoever gives it. */
  readonly rootSha256: Uint8Array
}

/**
 * draft 3.1.1: applies for a certificate with a voucher; the chain, leaf first, root last. The voucher goes only to a node that has
 * proved, under the root of the invite, that it is the ACA: whoever else got it could use it first. Throws UNKNOWN_DOMAIN when no node shows that root, what the ACA answers (VOUCHER_INVALID, CSR_INVALID), or PEER_UNREACHABLE.
 */
export async function enrol(enrolment: Enrolment): Promise<readonly Uint8Array[]> {
  let failure: unknown = new HansaError('PEER_UNREACHABLE', `no node of ${enrolment.domain} to enrol with`)
  for (const target of enrolment.targets) {
    try {
      return await enrolWith(target, enrolment)
    } catch (error) {
      // A refusal of the ACA is final; a node that is away, or is not the ACA, is not.
      if (error instanceof HansaError && (error.code === 'VOUCHER_INVALID' || error.code === 'CSR_INVALID')) throw error
      failure = error
    }
  }
  throw failure
}

async function enrolWith(target: Target, { rpc, identities, signer, domain, voucher, rootSha256, sha256 }: Enrolment): Promise<readonly Uint8Array[]> {
  const { bundle } = await rpc.call(target, methods.bundle, {})
  const roots = (bundle?.roots ?? []).filter((root) => sameBytes(sha256(root), rootSha256))
  if (bundle?.domain !== domain || roots.length === 0)
    throw refusalError(refuse('unknown-root', `this node does not have the root of ${domain} that the invite names`), { domain })
  if (identities.roots(domain).length === 0) identities.setRoots(roots)
  if (!identities.roots(domain).some((root) => sameBytes(sha256(root), rootSha256)))
    throw refusalError(refuse('unknown-root', `the root of ${domain} in use is not the one that the invite names`), { domain })
  const answer = await rpc.call({ ...target, expect: { domain, role: 'aca' } }, methods.apply, { csr: makeCsr(signer), voucher })
  if (answer.state !== ApplicationState.ISSUED)
    throw new HansaError('VOUCHER_INVALID', 'the ACA has not issued a certificate', { applicationId: answer.applicationId })
  identities.setChain(answer.chain)
  return answer.chain
}
