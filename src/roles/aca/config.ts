import { DEFAULT_LIFETIMES, type Lifetimes } from '../../core/pki/profile.ts'

export interface AcaConfig {
  readonly lifetimes: Lifetimes
  /** From thisUpdate to nextUpdate of a revocation list; a new one is published after half of it, and at each revocation. Milliseconds. */
  readonly crlLifetimeMs: number
  /** How long certificates are remembered after they have ended. Milliseconds. */
  readonly rememberMs: number
  /** Whether the end of a registration (draft 2.2) also ends the certificate. */
  readonly onDeregistration: 'keep' | 'revoke'
}

const HOUR = 3_600_000

/** Six hours: a member that hears nothing for that long knows that it has heard nothing. A month of memory answers questions about last week. */
export const DEFAULT_ACA: AcaConfig = { lifetimes: DEFAULT_LIFETIMES, crlLifetimeMs: 6 * HOUR, rememberMs: 30 * 24 * HOUR, onDeregistration: 'keep' }

/** How long a word on one certificate may be believed: ten minutes are what a revocation may take to reach who has only that. Milliseconds. */
export const STATUS_LIFE_MS = 600_000
