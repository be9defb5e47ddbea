import type { Role } from '../../core/ids/role.ts'
import type { Grant } from '../../core/pki/grant.ts'
import type { Issued, State } from '../../core/pki/issued.ts'
import type { Verdict } from '../../core/pki/verdict.ts'
import type { DoorName } from '../../ports/authority-door.ts'

/** A certificate as the operator sees it. */
export interface CertificateView extends Issued {
  readonly state: State
}

/** An application as the operator sees it (draft 3.1.1): what was said, what was checked, who has decided. */
export interface ApplicationView {
  /** Short public name for the desk; never the secret id that the applicant has. */
  readonly ref: string
  readonly state: 'pending' | 'issued' | 'rejected'
  readonly door: DoorName
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly expiresAt: number
  /** PeerId of an Ed25519 key, otherwise empty. */
  readonly peer: string
  /** SHA-256 of the key, hex. */
  readonly keyId: string
  /** What will be in the certificate when it is approved as it stands. */
  readonly asked: Grant
  readonly developer?: string
  readonly skills: readonly string[]
  readonly documents: readonly { readonly title: string; readonly sha256: string; readonly authority?: string }[]
  /** Serial of the certificate that it stands in for. */
  readonly cites?: string
  readonly verdicts: readonly Verdict[]
  readonly approvals: readonly { readonly approver: string; readonly at: number }[]
  /** How many different approvers it needs: one, or two for the roles that speak for others. */
  readonly approvalsNeeded: number
  /** SHA-256, hex, of all of the above that was asked: what an approver signs (core/pki/approval.ts). */
  readonly digest: string
  /** Why it was rejected. */
  readonly message?: string
  /** Present when issued. */
  readonly serial?: string
}

/** A decision of an approver. Without a key, the holder of the admin token decides, where the config names no approvers. */
export interface Approval {
  /** Name in ca.policy.approvers. */
  readonly approver?: string
  /** Ed25519 signature over approvalBytes (core/pki/approval.ts). */
  readonly signature?: Uint8Array
  /** Changes of what was asked that the approver makes; they are part of what is signed. */
  readonly name?: string
  readonly roles?: readonly Role[]
  readonly scopes?: readonly string[]
}
