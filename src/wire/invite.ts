import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { base64url } from '../core/ids/base64url.ts'
import { isDomain } from '../core/ids/domain.ts'
import { isRole, type Role } from '../core/ids/role.ts'
import { isName } from '../core/ids/spiffe-id.ts'
import { HansaError } from '../schema/errors.ts'
import { type Invite, InviteSchema } from '../schema/generated/hansa/v1/trust_pb.ts'

const PREFIX = 'hansa-invite:'
const VERSION = 1

/** Four roots of 2 KiB, addresses and a swarm key are well below it; more is no invite. */
export const MAX_INVITE_CHARACTERS = 32 * 1024

const SWARM_KEY = /^\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n[0-9a-f]{64}\s*$/
const MAX_ADDRESSES = 32
const MAX_ROOTS = 8

/** An invite that has been checked: what is present has its right form. Whether the roots fit the fingerprint is for who can read certificates. */
export interface CheckedInvite extends Invite {
  readonly kind: 'node' | 'swarm'
  readonly grantedRoles: readonly Role[]
}

/** One line that people can paste: hansa-invite:<base64url>. */
export function formatInvite(invite: Omit<MessageInitShape<typeof InviteSchema>, 'version' | '$typeName'>): string {
  const bytes = toBinary(InviteSchema, create(InviteSchema, { ...invite, version: VERSION }))
  return PREFIX + base64url(bytes)
}

/**
 * Parses what a person pasted: surrounding space and line breaks within are forgiven, nothing else is.
 * @throws VOUCHER_INVALID naming what is wrong
 */
export function parseInvite(text: string): CheckedInvite {
  if (text.length > MAX_INVITE_CHARACTERS) throw notAnInvite(`it has ${text.length} characters, ${MAX_INVITE_CHARACTERS} are the most`)
  const line = text.replace(/\s+/g, '')
  if (!line.startsWith(PREFIX)) throw notAnInvite(`it does not begin with ${PREFIX}`)
  const invite = decode(line.slice(PREFIX.length))
  if (invite.version !== VERSION) throw notAnInvite(`its version is ${invite.version}, this node knows ${VERSION}`)
  const fault = faultOf(invite)
  if (fault !== undefined) throw notAnInvite(fault)
  return { ...invite, kind: invite.voucher === '' ? 'swarm' : 'node', grantedRoles: invite.roles.filter(isRole) }
}

function decode(text: string): Invite {
  try {
    return fromBinary(InviteSchema, decodeBase64Url(text))
  } catch (cause) {
    throw notAnInvite('it was cut short or changed on the way', cause)
  }
}

function faultOf(invite: Invite): string | undefined {
  if (!isDomain(invite.domain)) return 'its domain is no domain name'
  if (invite.swarmKey !== '' && !SWARM_KEY.test(invite.swarmKey)) return 'its swarm key has a wrong form'
  if (invite.bootstrap.length > MAX_ADDRESSES) return `it has more than ${MAX_ADDRESSES} addresses`
  if (invite.bootstrap.some((address) => !/^\/[\x21-\x7e]{1,511}$/.test(address))) return 'an address in it is no multiaddr'
  if (invite.rootSha256.length !== 32) return 'its root fingerprint does not have 32 bytes'
  if (invite.roots.length > MAX_ROOTS) return `it has more than ${MAX_ROOTS} roots`
  if (invite.roots.some((root) => root.length === 0 || root.length > 4096)) return 'a root in it is no certificate'
  if (!invite.roles.every(isRole)) return 'it grants a role that does not exist'
  if (invite.name !== '' && !isName(invite.name)) return 'its name is no name of a node'
  if (invite.voucher !== '' && !/^[\x21-\x7e]{1,512}$/.test(invite.voucher)) return 'its voucher has a wrong form'
  if (invite.voucher !== '' && invite.roles.length === 0) return 'it has a voucher but grants no role'
  if (invite.voucher === '' && invite.roots.length === 0) return 'it has neither a voucher nor a root'
  if (invite.expiresAt < 0n || invite.expiresAt > BigInt(Number.MAX_SAFE_INTEGER)) return 'its end is no date'
  return undefined
}

function notAnInvite(why: string, cause?: unknown): HansaError {
  return new HansaError('VOUCHER_INVALID', `this is no usable invite: ${why}`, {}, cause)
}

/** Throws for anything that is not base64url in its one canonical form. */
function decodeBase64Url(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new RangeError('not base64url')
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  if (base64url(bytes) !== text) throw new RangeError('not canonical base64url')
  return bytes
}
