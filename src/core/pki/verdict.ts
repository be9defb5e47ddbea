/** One thing that an applicant says or brings (draft 3.1.1: key supporting materials). */
export type Material = 'key' | 'voucher' | 'oidc' | 'document' | 'developer' | 'organisation' | 'name' | 'roles' | 'scopes' | 'skills' | 'recovery' | 'account'

/** `verified`: checked by the ACA, and true. `recorded`: written down as it was said; nobody has checked it. */
export type VerdictState = 'verified' | 'recorded' | 'failed'

/** What came of one material. */
export interface Verdict {
  readonly material: Material
  readonly state: VerdictState
  /** One sentence for people. */
  readonly detail: string
}
