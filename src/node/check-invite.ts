import { sha256 } from '../adapters/system/crypto.ts'
import { HansaError } from '../schema/errors.ts'
import { type CheckedInvite, parseInvite } from '../wire/invite.ts'
import { encodePem } from '../wire/x509/pem.ts'

/**
 * Reads an invite and checks what can be checked without asking anybody: its form, its end, and that its root is the one of its fingerprint.
 * @throws VOUCHER_INVALID
 */
export function checkInvite(text: string, kinds: readonly CheckedInvite['kind'][], now: number): CheckedInvite {
  const invite = parseInvite(text)
  if (!kinds.includes(invite.kind))
    throw new HansaError(
      'VOUCHER_INVALID',
      invite.kind === 'swarm'
        ? 'this invite is for the founder of another domain: hansa init --swarm FILE'
        : 'this invite is for a node of its domain: hansa join FILE'
    )
  if (Number(invite.expiresAt) < now) throw new HansaError('VOUCHER_INVALID', `the invite ended at ${new Date(Number(invite.expiresAt)).toISOString()}`)
  if (invite.roots.length > 0 && !invite.roots.some((root) => Buffer.compare(sha256(root), invite.rootSha256) === 0))
    throw new HansaError('VOUCHER_INVALID', 'the root in the invite is not the one of its fingerprint')
  return invite
}

/** The roots of an invite as one PEM file. */
export function rootsPem(invite: CheckedInvite): string {
  return invite.roots.map((root) => encodePem('CERTIFICATE', root)).join('')
}
