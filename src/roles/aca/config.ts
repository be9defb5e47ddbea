import type { IssuerRule } from '../../core/pki/id-token.ts'
import type { Policy } from '../../core/pki/policy.ts'
import { DEFAULT_LIFETIMES, type Lifetimes } from '../../core/pki/profile.ts'

export interface AcaConfig {
  readonly lifetimes: Lifetimes
  /** From thisUpdate to nextUpdate of a revocation list; a new one is published after half of it, and at each revocation. Milliseconds. */
  readonly crlLifetimeMs: number
  /** How long certificates are remembered after they have ended. Milliseconds. */
  readonly rememberMs: number
  readonly policy: AcaPolicy
}

/** draft 3.1.1: what is asked of applications, and who decides about those that wait. */
export interface AcaPolicy extends Policy {
  /** SubjectPublicKeyInfo (DER, Ed25519) of each approver by name; with none, whoever has the admin token is the one approver. */
  readonly approvers: ReadonlyMap<string, Uint8Array>
  /** OpenID providers by issuer. */
  readonly oidc: ReadonlyMap<string, IssuerRule>
  /** How long an application waits before it is dropped. Milliseconds. */
  readonly pendingForMs: number
  /** Applications that wait in all. */
  readonly maxPending: number
}

const HOUR = 3_600_000

/** A voucher is enough, and nobody else's word counts. Roles that speak for others take two people when they come without one. */
export const DEFAULT_POLICY: AcaPolicy = {
  require: ['voucher'],
  twoApprovers: ['aca', 'ars', 'agw'],
  organisations: new Map(),
  approvers: new Map(),
  oidc: new Map(),
  pendingForMs: 7 * 24 * HOUR,
  maxPending: 1000
}

/** Six hours: a member that hears nothing for that long knows that it has heard nothing. A month of memory answers questions about last week. */
export const DEFAULT_ACA: AcaConfig = { lifetimes: DEFAULT_LIFETIMES, crlLifetimeMs: 6 * HOUR, rememberMs: 30 * 24 * HOUR, policy: DEFAULT_POLICY }

/** How long a word on one certificate may be believed: ten minutes are what a revocation may take to reach who has only that. Milliseconds. */
export const STATUS_LIFE_MS = 600_000
