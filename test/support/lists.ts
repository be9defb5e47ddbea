import { create } from '@bufbuild/protobuf'
import { createPrivateKey, sign } from 'node:crypto'
import { type CrlResponse, CrlResponseSchema } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { type CrlReason, writeCrl } from '../../src/wire/x509/crl.ts'
import type { TestDomain, TestNode } from './pki.ts'

export interface ListContents {
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly lifetimeMs?: number
  readonly revoked?: readonly TestNode[]
  readonly serials?: readonly string[]
  readonly reason?: CrlReason
}

const HOUR = 3_600_000

export function serialOf({ chain }: Pick<TestNode, 'chain'>): string {
  return parseCertificate(chain[0] ?? new Uint8Array()).serial
}

/** A list of the issuing CA of a test domain, as its ACA would give it out. */
export function issuingList(domain: TestDomain, contents: ListContents): CrlResponse {
  return listOf(domain, domain.issuing, [...domain.issuer.chain], contents, domain.sign)
}

/** A list of its root, which revokes issuing CAs. */
export function rootList(domain: TestDomain, contents: ListContents): CrlResponse {
  const key = createPrivateKey(domain.files.rootKey)
  return listOf(domain, domain.root, [domain.root], contents, (tbs) => new Uint8Array(sign(null, tbs, key)))
}

function listOf(
  { domain }: TestDomain,
  ca: Uint8Array,
  chain: Uint8Array[],
  { number, now, lifetimeMs = HOUR, revoked = [], serials = [], reason = 'keyCompromise' }: ListContents,
  signer: (tbs: Uint8Array) => Uint8Array
): CrlResponse {
  const { subject, subjectKeyIdentifier = '' } = parseCertificate(ca)
  const entries = [...revoked.map(serialOf), ...serials].map((serial) => ({ serial, at: now, reason }))
  const crl = writeCrl(
    { issuer: subject, issuerKeyIdentifier: subjectKeyIdentifier, number, thisUpdate: now, nextUpdate: now + lifetimeMs, revoked: entries },
    signer
  )
  return create(CrlResponseSchema, { domain, crl, chain })
}
