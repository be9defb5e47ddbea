import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Sha256 } from '../../core/crypto.ts'
import { sameBytes } from '../../core/pki/facts.ts'
import { refusalError, refuse } from '../../core/pki/refusal.ts'
import type { Rpc, Target } from '../../ports/rpc.ts'
import type { Signer } from '../../ports/signer.ts'
import { type ErrorCode, HansaError } from '../../schema/errors.ts'
import { ApplicationState, type ApplyRequestSchema, type ApplyResponse, VerdictState } from '../../schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../wire/x509/csr.ts'
import { methods } from '../../wire/methods.ts'
import type { MemberIdentities } from './member-identities.ts'

/** What somebody says of itself beside the key. */
export type Said = Pick<MessageInitShape<typeof ApplyRequestSchema>, 'materials' | 'cites'>

export interface Enrolment extends Said {
  readonly rpc: Rpc
  /** Without roots and chain at first; afterwards they are in it. */
  readonly identities: MemberIdentities
  readonly sha256: Sha256
  readonly signer: Signer
  /** Nodes that may be the ACA; asked in turn. */
  readonly targets: readonly Target[]
  readonly domain: string
  /** Secret of the voucher; empty without one. */
  readonly voucher: string
  /** Of an application that has been made already and waits: it is asked for, and nothing is applied for anew. */
  readonly applicationId?: string
  /** SHA-256 of the root certificate, from the invite. It is what makes the answer believed, whoever gives it. */
  readonly rootSha256: Uint8Array
}

export type Enrolled =
  | { readonly state: 'issued'; readonly chain: readonly Uint8Array[] }
  | {
      readonly state: 'pending'
      /** Secret. */
      readonly applicationId: string
      readonly message: string
      /** Milliseconds. */
      readonly retryAfterMs: number
      /** What was found of each thing that was said, a sentence each. */
      readonly findings: readonly string[]
    }

/** Answers of the ACA itself: another node would give the same, or be given the same secret. */
const FINAL: readonly ErrorCode[] = [
  'VOUCHER_INVALID',
  'CSR_INVALID',
  'KEY_REFUSED',
  'SCOPE_EXCEEDED',
  'NAME_TAKEN',
  'INVALID_ARGUMENT',
  'APPLICATION_REJECTED',
  'NOT_FOUND'
]

/**
 * draft 3.1.1: applies for a certificate, with a voucher or with materials, or asks after an application that waits. What is said goes only to a node that has
 * proved, under the root of the invite, that it is the ACA: whoever else got a voucher could use it first. Throws UNKNOWN_DOMAIN when no node shows that root, what the
 * ACA answers (FINAL), or PEER_UNREACHABLE.
 */
export async function enrol(enrolment: Enrolment): Promise<Enrolled> {
  let failure: unknown = new HansaError('PEER_UNREACHABLE', `no node of ${enrolment.domain} to enrol with`)
  for (const target of enrolment.targets) {
    try {
      return await enrolWith(target, enrolment)
    } catch (error) {
      // A refusal of the ACA is final; a node that is away, or is not the ACA, is not.
      if (error instanceof HansaError && FINAL.includes(error.code)) throw error
      failure = error
    }
  }
  throw failure
}

async function enrolWith(target: Target, enrolment: Enrolment): Promise<Enrolled> {
  const { rpc, identities, signer, domain, voucher, materials, cites, applicationId, rootSha256, sha256 } = enrolment
  const { bundle } = await rpc.call(target, methods.bundle, {})
  const roots = (bundle?.roots ?? []).filter((root) => sameBytes(sha256(root), rootSha256))
  if (bundle?.domain !== domain || roots.length === 0)
    throw refusalError(refuse('unknown-root', `this node does not have the root of ${domain} that the invite names`), { domain })
  if (identities.roots(domain).length === 0) identities.setRoots(roots)
  if (!identities.roots(domain).some((root) => sameBytes(sha256(root), rootSha256)))
    throw refusalError(refuse('unknown-root', `the root of ${domain} in use is not the one that the invite names`), { domain })
  const authority = { ...target, expect: { domain, role: 'aca' } }
  const answer =
    applicationId === undefined
      ? await rpc.call(authority, methods.apply, { csr: makeCsr(signer), voucher, materials, cites })
      : await rpc.call(authority, methods.applicationStatus, { applicationId })
  return outcomeOf(answer, identities)
}

const FOUND: Readonly<Record<VerdictState, string>> = {
  [VerdictState.UNSPECIFIED]: 'seen',
  [VerdictState.VERIFIED]: 'verified',
  [VerdictState.RECORDED]: 'recorded',
  [VerdictState.FAILED]: 'failed'
}

function outcomeOf({ state, chain, applicationId, message, retryAfterMs, verdicts }: ApplyResponse, identities: MemberIdentities): Enrolled {
  switch (state) {
    case ApplicationState.ISSUED:
      identities.setChain(chain)
      return { state: 'issued', chain }
    case ApplicationState.PENDING: {
      const findings = verdicts.map(({ material, state: found, detail }) => `${FOUND[found]} ${material}: ${detail}`)
      return { state: 'pending', applicationId, message, retryAfterMs: Number(retryAfterMs), findings }
    }
    case ApplicationState.REJECTED:
      throw new HansaError('APPLICATION_REJECTED', `the application was rejected: ${message}`)
    default:
      throw new HansaError('MALFORMED', 'the ACA says nothing of what came of the application')
  }
}
