import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { AuthorityServer } from './authority-server.ts'
import { eabKeyOf, publicIdOf } from './fake-authority.ts'
import { type Answer, ask } from './https-client.ts'

export type Kind = 'ES256' | 'ES384' | 'EdDSA' | 'RS256'

export interface AcmeKey {
  readonly alg: Kind
  readonly jwk: JWK
  readonly privateKey: KeyObject
}

export interface Jws {
  readonly protected: string
  readonly payload: string
  readonly signature: string
}

export function acmeKey(alg: Kind = 'ES256', bits = 2048): AcmeKey {
  const { publicKey, privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-384' })
  return { alg, jwk: publicKey.export({ format: 'jwk' }) as JWK, privateKey }
}

export function jws(key: AcmeKey, header: object, payload: unknown): Jws {
  const head = encode({ alg: key.alg, ...header })
  const body = payload === undefined ? '' : encode(payload)
  const hash = key.alg === 'EdDSA' ? null : key.alg === 'ES384' ? 'sha384' : 'sha256'
  const signature = sign(hash, Buffer.from(`${head}.${body}`), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return { protected: head, payload: body, signature: signature.toString('base64url') }
}

/** External account binding with a voucher of the fake authority. */
export function binding(secret: string, jwk: JWK, url: string, more: object = {}): Jws {
  const id = publicIdOf(secret)
  const head = encode({ alg: 'HS256', kid: id, url, ...more })
  const payload = encode(jwk)
  return { protected: head, payload, signature: createHmac('sha256', eabKeyOf(id)).update(`${head}.${payload}`).digest('base64url') }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** An ACME client that can also do wrong: what it sends is written out in each test. */
export class AcmeSigner {
  readonly base: string
  kid: string | undefined
  key: AcmeKey
  readonly #server: AuthorityServer
  readonly #name: string

  constructor(server: AuthorityServer, name: string, key = acmeKey()) {
    this.#server = server
    this.#name = name
    this.base = `https://${name}:${server.port}`
    this.key = key
  }

  get thumbprint(): Promise<string> {
    return calculateJwkThumbprint(this.key.jwk)
  }

  async nonce(): Promise<string> {
    const { headers } = await ask(this.#server, this.#name, '/acme/new-nonce', { method: 'HEAD' })
    return String(headers['replay-nonce'])
  }

  /** A signed request, by the account when there is one. `header` changes or adds members. */
  async post(path: string, payload?: unknown, header: Readonly<Record<string, unknown>> = {}): Promise<Answer & { readonly json: Record<string, unknown> }> {
    const who = this.kid === undefined || 'jwk' in header ? { jwk: this.key.jwk } : { kid: this.kid }
    return this.send(path, jws(this.key, { nonce: await this.nonce(), url: this.base + path, ...who, ...header }, payload))
  }

  async send(path: string, body: unknown, type = 'application/jose+json'): Promise<Answer & { readonly json: Record<string, unknown> }> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await ask(this.#server, this.#name, path, { method: 'POST', body: text, headers: { 'content-type': type } })
    const isJson = /json/.test(String(answer.headers['content-type'] ?? ''))
    return { ...answer, json: isJson ? (JSON.parse(answer.body.toString()) as Record<string, unknown>) : {} }
  }

  /** Makes an account with a voucher. */
  async register(secret: string): Promise<void> {
    const url = `${this.base}/acme/new-account`
    const answer = await this.post('/acme/new-account', { contact: ['mailto:ops@north.example'], externalAccountBinding: binding(secret, this.key.jwk, url) })
    if (answer.status !== 201) throw new Error(`no account: ${answer.body.toString()}`)
    this.kid = String(answer.headers.location)
  }

  path(url: unknown): string {
    return String(url).slice(this.base.length)
  }
}
