import { createVerify } from '../adapters/system/crypto.ts'
import type { Role } from '../core/ids/role.ts'
import { readLeaf } from '../core/pki/leaf.ts'
import { type PathQuestion, validatePath } from '../core/pki/path.ts'
import { refuse, type Refusal } from '../core/pki/refusal.ts'
import { HansaError } from '../schema/errors.ts'
import { type Certificate, parseCertificate } from '../wire/x509/certificate.ts'
import { type Crl, parseCrl } from '../wire/x509/crl.ts'
import { decodePem } from '../wire/x509/pem.ts'

/** Certificates and lists as files have them: DER, or PEM with any text around. */
export interface PathFiles extends Omit<PathQuestion, 'leaf' | 'intermediates' | 'anchors' | 'crls'> {
  /** The first certificate is the one in question; more, as in a file with a whole chain, are intermediates. */
  readonly leaf: Uint8Array
  readonly chain?: Uint8Array
  readonly roots: Uint8Array
  readonly crls?: readonly Uint8Array[]
}

/** What came of it; `reason` is one of core/pki/refusal.ts. */
export type PathReport =
  | {
      readonly valid: true
      /** Serial numbers from the leaf to the anchor. */
      readonly path: readonly string[]
      /** Present when the leaf is a node's (core/pki/leaf.ts). */
      readonly spiffeId?: string
      readonly roles?: readonly Role[]
      /** Milliseconds since the epoch; the first end in the path. */
      readonly notAfter: number
    }
  | { readonly valid: false; readonly reason: string; readonly message: string }

const verify = createVerify()

/** Path validation as a node does it (core/pki/path.ts), of files. Throws MALFORMED when a file has neither PEM nor DER of what is wanted. */
export function verifyPathFiles({ leaf, chain, roots, crls, ...question }: PathFiles): PathReport {
  const [first, ...more] = blocks('CERTIFICATE', leaf)
  if (first === undefined) throw new HansaError('MALFORMED', 'no certificate in the file of the leaf')
  return verifyPathDer({
    ...question,
    leaf: first,
    intermediates: [...more, ...(chain === undefined ? [] : blocks('CERTIFICATE', chain))],
    anchors: blocks('CERTIFICATE', roots),
    ...(crls === undefined ? {} : { crls: crls.flatMap((file) => blocks('X509 CRL', file)) })
  })
}

/** The same question with certificates and lists as DER. */
export type DerQuestion = Omit<PathQuestion, 'leaf' | 'intermediates' | 'anchors' | 'crls'> & {
  readonly leaf: Uint8Array
  readonly intermediates: readonly Uint8Array[]
  readonly anchors: readonly Uint8Array[]
  readonly crls?: readonly Uint8Array[]
}

/** Intermediates and anchors that are malformed lead nowhere; a malformed list may be about anything, so it is a refusal. */
export function verifyPathDer({ leaf, intermediates, anchors, crls, ...question }: DerQuestion): PathReport {
  const target = read(leaf, parseCertificate)
  if ('ok' in target) return reportOf(target)
  const believed = anchors.map((der) => read(der, parseCertificate))
  const shown = intermediates.map((der) => read(der, parseCertificate))
  const lists = crls?.map((der) => read(der, parseCrl))
  const badList = lists?.find((each): each is Refusal => 'ok' in each)
  if (badList !== undefined) return reportOf(badList)
  const verdict = validatePath(
    {
      ...question,
      leaf: target,
      intermediates: shown.filter(isRead),
      anchors: believed.filter(isRead),
      ...(lists === undefined ? {} : { crls: lists.filter((each): each is Crl => !('ok' in each)) })
    },
    verify
  )
  if (verdict.ok) {
    const node = readLeaf(target)
    const { path } = verdict
    return {
      valid: true,
      path: path.map(({ serial }) => serial),
      ...(node.ok ? { spiffeId: node.holder.spiffeId, roles: node.holder.roles } : {}),
      notAfter: Math.min(...path.map(({ notAfter }) => notAfter))
    }
  }
  // When an issuer is not to be found, one that could not be read says more.
  const unread = verdict.reason === 'unknown-root' ? [...believed, ...shown].find((each): each is Refusal => 'ok' in each) : undefined
  return reportOf(unread ?? verdict)
}

function reportOf({ reason, message }: Refusal): PathReport {
  return { valid: false, reason, message }
}

function isRead(each: Certificate | Refusal): each is Certificate {
  return !('ok' in each)
}

function read<T extends Certificate | Crl>(der: Uint8Array, parse: (der: Uint8Array) => T): T | Refusal {
  try {
    return parse(der)
  } catch (error) {
    if (error instanceof HansaError) return refuse('malformed', error.message)
    throw error
  }
}

/** First byte of every certificate and list in DER; no text of PEM begins with it but one that begins with a zero. */
const SEQUENCE = 0x30

function blocks(label: string, bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  if (bytes[0] === SEQUENCE && !text.includes('-----BEGIN')) return [bytes]
  // A file of roots or of a chain may be empty.
  return text.trim() === '' ? [] : decodePem(label, text)
}
