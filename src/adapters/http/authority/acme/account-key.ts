import { createPublicKey } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { base64url } from '../../../../core/ids/base64url.ts'
import { asObject, bytesOf } from './json.ts'
import { AcmeProblem, malformed } from './problem.ts'

/** What accounts sign with; other names of EdDSA are one too many. */
export const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'RS256'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

export interface AccountKey {
  /** Members of the public key, and nothing else. */
  readonly jwk: JWK
  readonly algorithm: Algorithm
}

const CURVES: Readonly<Record<string, { readonly algorithm: Algorithm; readonly kty: string; readonly bytes: number }>> = {
  'P-256': { algorithm: 'ES256', kty: 'EC', bytes: 32 },
  'P-384': { algorithm: 'ES384', kty: 'EC', bytes: 48 },
  Ed25519: { algorithm: 'EdDSA', kty: 'OKP', bytes: 32 }
}
/** 2048 to 4096 bits: more makes each check slow. */
const RSA_BYTES = { least: 256, most: 512 } as const

/** A public key of a kind that we take. Throws badPublicKey, malformed. */
export function parseAccountKey(value: unknown): AccountKey {
  const given = asObject(value, 'jwk')
  if ('d' in given || 'k' in given) throw malformed('jwk has a secret key in it: never send that; make another key')
  const key = given['kty'] === 'RSA' ? rsaKey(given) : curveKey(given)
  try {
    // Also finds a point that is not on its curve.
    createPublicKey({ key: { ...key.jwk }, format: 'jwk' })
  } catch {
    throw new AcmeProblem(400, 'badPublicKey', 'jwk is no key')
  }
  return key
}

function rsaKey(given: Readonly<Record<string, unknown>>): AccountKey {
  const n = bytesOf(given['n'], 'jwk.n', RSA_BYTES.most)
  const e = bytesOf(given['e'], 'jwk.e', 4)
  if (n.length < RSA_BYTES.least || n[0] === 0 || (n[0] ?? 0) < 0x80)
    throw new AcmeProblem(400, 'badPublicKey', 'an RSA key of less than 2048 bits, or with digits that it does not need')
  const exponent = e.reduce((value, byte) => value * 256 + byte, 0)
  if (exponent < 65_537 || exponent % 2 === 0) throw new AcmeProblem(400, 'badPublicKey', 'an RSA exponent below 65537, or an even one')
  return { jwk: { kty: 'RSA', n: base64url(n), e: base64url(e) }, algorithm: 'RS256' }
}

function curveKey(given: Readonly<Record<string, unknown>>): AccountKey {
  const name = typeof given['crv'] === 'string' && Object.hasOwn(CURVES, given['crv']) ? given['crv'] : ''
  const curve = CURVES[name]
  if (curve === undefined || given['kty'] !== curve.kty)
    throw new AcmeProblem(400, 'badPublicKey', 'a key of another kind; P-256, P-384, Ed25519 and RSA of 2048 bits or more are taken')
  const x = bytesOf(given['x'], 'jwk.x', curve.bytes)
  const jwk = { kty: curve.kty, crv: name, x: base64url(x) }
  if (x.length !== curve.bytes) throw new AcmeProblem(400, 'badPublicKey', 'jwk.x has another length')
  if (curve.kty === 'OKP') return { jwk, algorithm: curve.algorithm }
  const y = bytesOf(given['y'], 'jwk.y', curve.bytes)
  if (y.length !== curve.bytes) throw new AcmeProblem(400, 'badPublicKey', 'jwk.y has another length')
  return { jwk: { ...jwk, y: base64url(y) }, algorithm: curve.algorithm }
}

/** RFC 7638, SHA-256, base64url. */
export function thumbprintOf({ jwk }: Pick<AccountKey, 'jwk'>): Promise<string> {
  return calculateJwkThumbprint(jwk)
}

/** SubjectPublicKeyInfo, DER. */
export function spkiOf({ jwk }: Pick<AccountKey, 'jwk'>): Uint8Array {
  return new Uint8Array(createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'der' }))
}
