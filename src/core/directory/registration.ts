import { HansaError } from '../../schema/errors.ts'
import type { AgentDescription, AgentRecord } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { type AgentId, formatHandle } from '../ids/agent-id.ts'
import { covers, isCapability } from '../ids/capability.ts'
import { quote } from '../ids/domain.ts'
import type { Role } from '../ids/role.ts'
import { type CardFacts, EXTENSION_BOUNDS, isExtensionUri, readCardFacts } from './card-facts.ts'
import { isLanguage } from '../ids/language-tag.ts'
import { isProtocol } from './protocol.ts'

/**
 * Bounds of a description; characters for texts, bytes for the card. The record made of it must fit a DHT value of 16 KiB with its chain (Registry.save): each bound may
 * be used up, not all of them at once.
 */
export const DESCRIPTION_BOUNDS = {
  name: 128,
  description: 4_000,
  capabilities: 64,
  languages: 64,
  protocols: 16,
  card: 64 * 1024,
  multiaddrs: 16,
  multiaddr: 256,
  extensions: EXTENSION_BOUNDS.count
} as const

/** How far an agent's clock may be ahead; a revision beyond it would lock the agent out until that day. */
const MAX_AHEAD_MS = 86_400_000

/** The certificate behind a description's signature. */
export interface Signer extends AgentId {
  readonly peer: string
  readonly spiffeId: string
  readonly roles: readonly Role[]
  /** Ceiling of what the agent may offer: capabilities, each with those below it. Empty or absent: none is set. */
  readonly scopes?: readonly string[]
}

export interface RegistrationInput {
  readonly description: AgentDescription
  readonly signer: Signer
  /** The registration server's own domain. */
  readonly domain: string
  /** What stands in the database under this name: a registration, not a tombstone. */
  readonly previous?: { readonly record: AgentRecord; readonly revision: bigint }
  readonly now: number
}

/**
 * Registration verification (draft 3.2.1): identity, completeness, bounds. Returns what was read from the card, with the extensions of card and description. Throws PERMISSION_DENIED, INCOMPLETE_REGISTRATION (metadata
 * `missing`), INVALID_ARGUMENT, SCOPE_EXCEEDED (metadata `capability`), RECORD_STALE.
 */
export function reviewRegistration({ description, signer, domain, previous, now }: RegistrationInput): CardFacts {
  reviewIdentity(description, signer, domain)
  const missing = missingParts(description)
  if (missing.length > 0) throw new HansaError('INCOMPLETE_REGISTRATION', `the registration lacks ${missing.join(', ')}`, { missing: missing.join(', ') })
  reviewBounds(description)
  reviewScopes(description, signer)
  if (description.revision > BigInt(now + MAX_AHEAD_MS))
    throw new HansaError('INVALID_ARGUMENT', `revision ${description.revision} is more than a day ahead; the agent's clock is wrong`)
  if (previous !== undefined) {
    if (previous.record.spiffeId !== description.spiffeId)
      throw new HansaError('PERMISSION_DENIED', `${formatHandle(signer)} is registered by ${previous.record.spiffeId}`, { domain })
    if (description.revision <= previous.revision)
      throw new HansaError('RECORD_STALE', `revision ${description.revision} is not newer than ${previous.revision}, which is registered`)
  }
  const facts = readCardFacts(description.card, description.capabilities)
  const extensions = [...new Set([...facts.extensions, ...description.extensions])]
  if (extensions.length > EXTENSION_BOUNDS.count)
    throw new HansaError('INVALID_ARGUMENT', `${extensions.length} extensions of the card and the node; at most ${EXTENSION_BOUNDS.count} are allowed`)
  return { ...facts, extensions }
}

function reviewIdentity(description: AgentDescription, signer: Signer, domain: string): void {
  const refuse = (message: string) => new HansaError('PERMISSION_DENIED', message, { domain })
  if (signer.domain !== domain) throw refuse(`${signer.spiffeId} cannot register in ${domain}`)
  if (!signer.roles.includes('agent')) throw refuse(`the certificate of ${signer.spiffeId} is not an agent's`)
  if (description.spiffeId !== signer.spiffeId) throw refuse(`${signer.spiffeId} cannot register ${quote(description.spiffeId)}`)
  if (description.peerId !== signer.peer) throw refuse(`the description names the peer ${quote(description.peerId)}; the certificate is that of ${signer.peer}`)
}

/** The certificate says how far its holder may go (draft 3.1.1, permission scope); nobody finds it for more. */
function reviewScopes({ capabilities }: AgentDescription, { spiffeId, scopes = [] }: Signer): void {
  if (scopes.length === 0) return
  const beyond = capabilities.find((capability) => !scopes.some((scope) => covers(scope, capability)))
  if (beyond === undefined) return
  throw new HansaError('SCOPE_EXCEEDED', `the certificate of ${spiffeId} does not allow the capability ${beyond}; it allows ${scopes.join(', ')}`, {
    capability: beyond
  })
}

function missingParts(description: AgentDescription): string[] {
  const parts = {
    name: description.name.trim() === '',
    description: description.description.trim() === '',
    capabilities: description.capabilities.length === 0,
    languages: description.languages.length === 0,
    protocols: description.protocols.length === 0,
    card: description.card.length === 0,
    revision: description.revision === 0n
  }
  return Object.entries(parts).flatMap(([part, missing]) => (missing ? [part] : []))
}

function reviewBounds(description: AgentDescription): void {
  const bounded = (name: keyof typeof DESCRIPTION_BOUNDS, length: number) => {
    if (length > DESCRIPTION_BOUNDS[name])
      throw new HansaError('INVALID_ARGUMENT', `${name} of length ${length}; at most ${DESCRIPTION_BOUNDS[name]} is allowed`, {
        bound: DESCRIPTION_BOUNDS[name]
      })
  }
  const all = (name: string, entries: readonly string[], fits: (entry: string) => boolean) => {
    const wrong = entries.find((entry) => !fits(entry))
    if (wrong !== undefined) throw new HansaError('INVALID_ARGUMENT', `not allowed as one of the ${name}: ${quote(wrong)}`)
    if (new Set(entries).size !== entries.length) throw new HansaError('INVALID_ARGUMENT', `one of the ${name} is repeated`)
  }
  bounded('name', description.name.length)
  bounded('description', description.description.length)
  bounded('capabilities', description.capabilities.length)
  bounded('languages', description.languages.length)
  bounded('protocols', description.protocols.length)
  bounded('card', description.card.length)
  bounded('multiaddrs', description.multiaddrs.length)
  bounded('extensions', description.extensions.length)
  all('capabilities', description.capabilities, isCapability)
  all('languages', description.languages, isLanguage)
  all('protocols', description.protocols, isProtocol)
  all('extensions', description.extensions, isExtensionUri)
  all('multiaddrs', description.multiaddrs, (address) => address.startsWith('/') && address.length <= DESCRIPTION_BOUNDS.multiaddr)
  // Names and texts are shown on terminals and in logs of other domains.
  if (/\p{Cc}/u.test(description.name)) throw new HansaError('INVALID_ARGUMENT', 'the name has control characters')
  if (/\p{Cc}/u.test(description.description.replace(/[\n\r\t]/g, ''))) throw new HansaError('INVALID_ARGUMENT', 'the description has control characters')
}
