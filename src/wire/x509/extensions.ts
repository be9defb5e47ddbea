import { hex } from '../../core/ids/hex.ts'
import { DerCursor, DerError, type Element, elements, TAG } from './der.ts'
import { readBoolean, readOid, readSmall, readUtf8 } from './der-values.ts'

/** One extension, its value unread. */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** DER inside the OCTET STRING. */
  readonly value: Uint8Array
}

export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength?: number
}

/** KeyUsage bits in their order (RFC 5280 4.2.1.3). */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly'
] as const

export type KeyUsage = (typeof KEY_USAGES)[number]

/** Ours carry seven; foreign TLS certificates about a dozen. */
const MAX_EXTENSIONS = 32
/** As in core/pki/grant.ts, which wire does not know. */
const MAX_SCOPES = 32

/** The list inside [3] of a certificate or [0] of a CRL. Refuses an empty list, an extension that comes twice, and a written default. */
export function readExtensions(content: Uint8Array): Extension[] {
  const list = single(content, TAG.sequence)
  const seen = new Set<string>()
  const extensions = elements(list.content, MAX_EXTENSIONS).map((element) => {
    if (element.tag !== TAG.sequence) throw new DerError('an extension that is no SEQUENCE')
    const cursor = element.inside()
    const oid = readOid(cursor.next(TAG.oid))
    const flag = cursor.optional(TAG.boolean)
    const critical = flag !== undefined && readBoolean(flag)
    if (flag !== undefined && !critical) throw new DerError('a default that is written out')
    const { content: value } = cursor.next(TAG.octetString)
    cursor.end()
    if (seen.has(oid)) throw new DerError(`extension ${oid} twice`)
    seen.add(oid)
    return { oid, critical, value }
  })
  if (extensions.length === 0) throw new DerError('an empty list of extensions')
  return extensions
}

export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const cursor = single(value, TAG.sequence).inside()
  const flag = cursor.optional(TAG.boolean)
  const ca = flag !== undefined && readBoolean(flag)
  if (flag !== undefined && !ca) throw new DerError('a default that is written out')
  const length = cursor.optional(TAG.integer)
  cursor.end()
  if (length === undefined) return { ca }
  if (!ca) throw new DerError('a path length in a certificate that is no CA')
  return { ca, pathLength: readSmall(length) }
}

/** A list of named bits ends with the last one that is set (X.690 11.2.2), and there must be one. */
export function readKeyUsage(value: Uint8Array): KeyUsage[] {
  const { content } = single(value, TAG.bitString)
  const unused = content[0] ?? 8
  const last = content[content.length - 1] ?? 0
  if (content.length < 2 || content.length > 3 || unused > 7 || (last & ((1 << (unused + 1)) - 1)) !== 1 << unused)
    throw new DerError('a KeyUsage that is not DER')
  return KEY_USAGES.filter((_, bit) => ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

export function readExtendedKeyUsage(value: Uint8Array): string[] {
  const usages = elements(single(value, TAG.sequence).content, 16)
  if (usages.length === 0) throw new DerError('an empty list of usages')
  return usages.map(readOid)
}

/** Key identifier of a SubjectKeyIdentifier, hex. */
export function readSubjectKeyIdentifier(value: Uint8Array): string {
  return hex(single(value, TAG.octetString).content)
}

/** Key identifier of an AuthorityKeyIdentifier, hex; undefined when it names its issuer in another way. */
export function readAuthorityKeyIdentifier(value: Uint8Array): string | undefined {
  const cursor = single(value, TAG.sequence).inside()
  const id = cursor.optional(TAG.context(0))
  const issuer = cursor.optional(TAG.contextConstructed(1))
  const serial = cursor.optional(TAG.context(2))
  cursor.end()
  // Both or neither (RFC 5280 4.2.1.1).
  if ((issuer === undefined) !== (serial === undefined)) throw new DerError('half of an issuer and serial number')
  return id === undefined ? undefined : hex(id.content)
}

/** Our own extension (oids.ts): what the holder may be and do, in the order written. */
export interface HolderExtension {
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly organisation?: string
  /** SHA-256 of the application. */
  readonly evidence?: Uint8Array
}

export function readHolder(value: Uint8Array): HolderExtension {
  const cursor = single(value, TAG.sequence).inside()
  const version = readSmall(cursor.next(TAG.integer))
  if (version !== 2) throw new DerError(`version ${version} of the holder extension`)
  const roles = readTexts(cursor.next(TAG.sequence), 8)
  const scopes = readTexts(cursor.next(TAG.sequence), MAX_SCOPES)
  const organisation = cursor.optional(TAG.context(0))
  const evidence = cursor.optional(TAG.context(1))
  cursor.end()
  if (evidence !== undefined && evidence.content.length !== 32) throw new DerError('evidence that is no SHA-256')
  return {
    roles,
    scopes,
    ...(organisation === undefined ? {} : { organisation: readUtf8(organisation) }),
    ...(evidence === undefined ? {} : { evidence: evidence.content })
  }
}

function readTexts(list: Element, limit: number): string[] {
  return elements(list.content, limit).map((element) => {
    if (element.tag !== TAG.utf8String) throw new DerError('a text that is no UTF8String')
    return readUtf8(element)
  })
}

/** CRLNumber (RFC 5280 5.2.3); ours counts from 1 and stays far below 2^48. */
export function readCrlNumber(value: Uint8Array): number {
  return readSmall(single(value, TAG.integer))
}

/** The one element that is all of `value`. */
function single(value: Uint8Array, tag: number): Element {
  const cursor = new DerCursor(value)
  const element = cursor.next(tag)
  cursor.end()
  return element
}
