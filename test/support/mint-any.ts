import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { CrlContents } from '../../src/wire/x509/crl.ts'
import { bits, element, extension, integer, oid, sequence, small, time } from '../../src/wire/x509/der-writer.ts'
import { TAG } from '../../src/wire/x509/der.ts'
import { OIDS } from '../../src/wire/x509/oids.ts'
import { ext, MINTED_AT, nameOf } from './mint.ts'

/** A key of any kind that certificates may have, made anew in each run: nothing that is judged depends on its bytes. */
export interface AnyKey {
  readonly spki: Uint8Array
  /** OID of the algorithm that it signs with. */
  readonly algorithm: string
  sign(data: Uint8Array): Uint8Array
}

export function anyKey(kind: 'ed25519' | 'p256' | 'p384'): AnyKey {
  const { privateKey, publicKey } =
    kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: kind === 'p256' ? 'prime256v1' : 'secp384r1' })
  const [algorithm, hash] = kind === 'ed25519' ? [OIDS.ed25519, null] : kind === 'p256' ? [OIDS.ecdsaWithSha256, 'sha256'] : [OIDS.ecdsaWithSha384, 'sha384']
  return { spki: spkiOf(publicKey), algorithm, sign: (data) => new Uint8Array(sign(hash, data, privateKey)) }
}

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }))
}

export interface AnyMinted {
  readonly subject: Uint8Array | string
  readonly issuer: Uint8Array | string
  readonly key: AnyKey
  readonly signedBy: AnyKey
  readonly extensions: readonly Uint8Array[]
  /** Content of the serial number as it is to stand there. */
  readonly serial?: Uint8Array
  readonly notBefore?: number
  readonly notAfter?: number
  /** OID inside and outside; the signature is the key's own all the same. */
  readonly algorithm?: string
  readonly outerAlgorithm?: Uint8Array
  readonly spki?: Uint8Array
  /** Elements after the extensions. */
  readonly more?: readonly Uint8Array[]
  /** Replaces the signature. */
  readonly signature?: (made: Uint8Array) => Uint8Array
}

const DAY = 86_400_000
const nameDer = (name: Uint8Array | string): Uint8Array => (typeof name === 'string' ? nameOf(name) : name)

/** A certificate exactly as described, however wrong, with keys of any kind. */
export function mintAny(given: AnyMinted): Uint8Array {
  const { key, signedBy, serial = Uint8Array.of(1), algorithm = signedBy.algorithm, more = [], signature = (made: Uint8Array) => made } = given
  const inner = sequence(oid(algorithm))
  const tbs = sequence(
    element(TAG.contextConstructed(0), small(2)),
    element(TAG.integer, serial),
    inner,
    nameDer(given.issuer),
    sequence(time(given.notBefore ?? MINTED_AT - DAY), time(given.notAfter ?? MINTED_AT + DAY)),
    nameDer(given.subject),
    given.spki ?? key.spki,
    ...(given.extensions.length === 0 ? [] : [element(TAG.contextConstructed(3), sequence(...given.extensions))]),
    ...more
  )
  return sequence(tbs, given.outerAlgorithm ?? inner, bits(signature(signedBy.sign(tbs))))
}

/** Identifiers of the two keys, made of names. */
export const ids = (subject: string, issuer: string): Uint8Array[] => [ext.subjectKey(subject), ext.authorityKey(issuer)]

export interface AnyCrl extends Partial<Omit<CrlContents, 'issuer'>> {
  readonly issuer: string
  readonly signedBy: AnyKey
  /** Further extensions of the list. */
  readonly extensions?: readonly Uint8Array[]
  /** Entries as they are to stand there, after those of `revoked`. */
  readonly entries?: readonly Uint8Array[]
}

/** A revocation list exactly as described. */
export function mintCrl({ issuer, signedBy, extensions = [], entries = [], number = 1, revoked = [], ...given }: AnyCrl): Uint8Array {
  const algorithm = sequence(oid(signedBy.algorithm))
  const all = [...[...revoked].map(({ serial }) => entry(serial)), ...entries]
  const tbs = sequence(
    small(1),
    algorithm,
    nameOf(issuer),
    time(given.thisUpdate ?? MINTED_AT - 3_600_000),
    time(given.nextUpdate ?? MINTED_AT + 3_600_000),
    ...(all.length === 0 ? [] : [sequence(...all)]),
    element(
      TAG.contextConstructed(0),
      sequence(ext.authorityKey(given.issuerKeyIdentifier ?? issuer), ...(number < 0 ? [] : [extension(OIDS.crlNumber, false, small(number))]), ...extensions)
    )
  )
  return sequence(tbs, algorithm, bits(signedBy.sign(tbs)))
}

/** An entry of a list; `serial` in hex. */
export function entry(serial: string, ...extensions: readonly Uint8Array[]): Uint8Array {
  const number = integer(Uint8Array.from(Buffer.from(serial, 'hex')))
  return sequence(number, time(MINTED_AT - 3_600_000), ...(extensions.length === 0 ? [] : [sequence(...extensions)]))
}
