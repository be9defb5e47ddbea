import { hash } from 'node:crypto'
import { element, extension, integer, oid, sequence } from '../../src/wire/x509/der-writer.ts'
import { DerCursor, TAG } from '../../src/wire/x509/der.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { keyBits } from '../../src/wire/x509/key-bits.ts'
import { OIDS } from '../../src/wire/x509/oids.ts'

const HASHES = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2', sha512: '2.16.840.1.101.3.4.2.3' }

/** A CertID (RFC 6960 4.1.1); `issuer` is a CA certificate, DER. */
export function certId(issuer: Uint8Array, serial: Uint8Array, by: keyof typeof HASHES = 'sha1'): Uint8Array {
  const { subject, spki } = parseCertificate(issuer)
  const octets = (data: Uint8Array) => element(TAG.octetString, hash(by, data, 'buffer'))
  return sequence(sequence(oid(HASHES[by]), element(TAG.null)), octets(subject), octets(keyBits(spki)), integer(serial))
}

/** An OCSPRequest for these CertIDs. */
export function ocspRequest(ids: readonly Uint8Array[], nonce?: Uint8Array, more: readonly Uint8Array[] = []): Uint8Array {
  const extensions = [...(nonce === undefined ? [] : [extension(OIDS.ocspNonce, false, element(TAG.octetString, nonce))]), ...more]
  const list = sequence(...ids.map((id) => sequence(id)))
  return sequence(sequence(list, ...(extensions.length === 0 ? [] : [element(TAG.contextConstructed(2), sequence(...extensions))])))
}

/** Status of a response, and the tags of what it says of each certificate: 0x80 good, 0xa1 revoked, 0x82 unknown. */
export function readOcsp(der: Uint8Array): {
  readonly status: number
  readonly states: readonly number[]
  readonly tbs?: Uint8Array
  readonly signature?: Uint8Array
} {
  const whole = new DerCursor(der).enter(TAG.sequence)
  const status = whole.next(TAG.enumerated).content[0] ?? 99
  if (whole.done) return { status, states: [] }
  const bytes = whole.enter(TAG.contextConstructed(0)).enter(TAG.sequence)
  bytes.next(TAG.oid)
  const basic = new DerCursor(bytes.next(TAG.octetString).content).enter(TAG.sequence)
  const tbs = basic.next(TAG.sequence)
  basic.next(TAG.sequence)
  const signature = basic.next(TAG.bitString).content.subarray(1)
  const data = new DerCursor(tbs.content)
  data.next(TAG.contextConstructed(2))
  data.next(TAG.generalizedTime)
  const answers = data.enter(TAG.sequence)
  const states: number[] = []
  while (!answers.done) {
    const answer = answers.enter(TAG.sequence)
    answer.next(TAG.sequence)
    states.push(answer.next().tag)
  }
  return { status, states, tbs: tbs.bytes, signature }
}
