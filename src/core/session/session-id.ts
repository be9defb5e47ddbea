import type { Sha256 } from '../crypto.ts'
import { hex } from '../ids/hex.ts'

/** Longest contextId that is a session's ID as it stands: what an agent makes (a UUID) is far shorter. */
const MAX_ID = 160

const encoder = new TextEncoder()

/** The ID of the session of a contextId: itself, or its hash where it is too long or has characters that nobody could type. Empty for an empty one. */
export function sessionId(contextId: string, sha256: Sha256): string {
  return contextId === '' || (contextId.length <= MAX_ID && /^[\x21-\x7e]+$/.test(contextId)) ? contextId : `sha256:${hash(contextId, sha256)}`
}

/**
 * The ID for a party that names the contextId of a session that is another's. contextIds are no secrets and callers choose them: nobody may put words into a conversation of others,
 * or push its beginning out.
 */
export function foreignSessionId(id: string, party: string, sha256: Sha256): string {
  return `${id}~${hash(party, sha256).slice(0, 16)}`
}

function hash(text: string, sha256: Sha256): string {
  return hex(sha256(encoder.encode(text)))
}
