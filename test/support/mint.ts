import { createSigner } from '../../src/adapters/system/crypto.ts'
import type { Signer } from '../../src/ports/signer.ts'
import { bits, element, extension, integer, oid, sequence, small, time, utf8 } from '../../src/wire/x509/der-writer.ts'
import { TAG } from '../../src/wire/x509/der.ts'
import { writeHolder } from '../../src/wire/x509/holder.ts'
import { OIDS } from '../../src/wire/x509/oids.ts'

/** A key whose seed is 32 times the same byte. */
export function key(byte: number): Signer {
  return createSigner(new Uint8Array(32).fill(byte))
}

/** A name of one common name, DER. */
export function nameOf(text: string): Uint8Array {
  return sequence(element(TAG.set, sequence(oid(OIDS.commonName), utf8(text))))
}

const ascii = (text: string) => new TextEncoder().encode(text)

/** Bits after the last that is set: DER leaves them out of a list of named bits. */
function trailingZeros(byte: number): number {
  return 31 - Math.clz32(byte & -byte)
}

/** Values of extensions, whole with their head, for certificates that a test makes wrong on purpose. */
export const ext = {
  basic: (ca: boolean, pathLength?: number, critical = true) =>
    extension(
      OIDS.basicConstraints,
      critical,
      sequence(...(ca ? [element(TAG.boolean, Uint8Array.of(0xff))] : []), ...(pathLength === undefined ? [] : [small(pathLength)]))
    ),
  /** `flags`: first byte of the bits, such as 0x80 for digitalSignature, 0x06 for keyCertSign and cRLSign. */
  usage: (flags: number, unused = trailingZeros(flags)) => extension(OIDS.keyUsage, true, element(TAG.bitString, Uint8Array.of(unused, flags))),
  eku: (...oids: string[]) => extension(OIDS.extendedKeyUsage, false, sequence(...oids.map(oid))),
  uris: (...uris: string[]) => extension(OIDS.subjectAltName, false, sequence(...uris.map((uri) => element(TAG.context(6), ascii(uri))))),
  names: (...names: Uint8Array[]) => extension(OIDS.subjectAltName, false, sequence(...names)),
  roles: (...roles: string[]) => extension(OIDS.holder, false, writeHolder({ roles, scopes: [] })),
  /** Permitted host and DNS name; `more` are further permitted subtrees. */
  constraints: (domain: string, ...more: Uint8Array[]) =>
    extension(
      OIDS.nameConstraints,
      true,
      sequence(
        element(
          TAG.contextConstructed(0),
          sequence(element(TAG.context(6), ascii(domain))),
          sequence(element(TAG.context(2), ascii(domain))),
          ...more.map((base) => sequence(base))
        )
      )
    ),
  subjectKey: (id: string) => extension(OIDS.subjectKeyIdentifier, false, element(TAG.octetString, ascii(id))),
  authorityKey: (id: string) => extension(OIDS.authorityKeyIdentifier, false, sequence(element(TAG.context(0), ascii(id)))),
  unknown: (critical: boolean) => extension('1.3.6.1.4.1.32473.9.9', critical, small(1))
}

export interface Minted {
  readonly subject: string
  readonly issuer: string
  readonly key: Signer
  readonly signedBy: Signer
  readonly extensions: readonly Uint8Array[]
  readonly serial?: Uint8Array
  readonly notBefore?: number
  readonly notAfter?: number
  readonly version?: number
  readonly spki?: Uint8Array
  /** False: without the key identifiers, which are made of the two names here. */
  readonly identifiers?: boolean
}

export const MINTED_AT = Date.UTC(2026, 0, 1)
const DAY = 86_400_000

/** A certificate exactly as described, however wrong, DER. */
export function mint({
  subject,
  issuer,
  key: holder,
  signedBy,
  extensions,
  serial = Uint8Array.of(1),
  version = 3,
  spki = holder.publicKey,
  identifiers = version === 3,
  ...dates
}: Minted): Uint8Array {
  const algorithm = sequence(oid(OIDS.ed25519))
  const all = [...extensions, ...(identifiers ? [ext.subjectKey(subject), ext.authorityKey(issuer)] : [])]
  const tbs = sequence(
    element(TAG.contextConstructed(0), small(version - 1)),
    integer(serial),
    algorithm,
    nameOf(issuer),
    sequence(time(dates.notBefore ?? MINTED_AT - DAY), time(dates.notAfter ?? MINTED_AT + DAY)),
    nameOf(subject),
    spki,
    ...(all.length === 0 ? [] : [element(TAG.contextConstructed(3), sequence(...all))])
  )
  return sequence(tbs, algorithm, bits(signedBy.sign(tbs)))
}
