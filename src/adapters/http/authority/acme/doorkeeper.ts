import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../../../ports/clock.ts'
import type { Channel } from '../authority-deps.ts'
import { type AccountKey, thumbprintOf } from './account-key.ts'
import { type JsonObject, parseObject, textOf } from './json.ts'
import type { Nonces } from './nonces.ts'
import { createRateLimit } from './rate-limit.ts'
import { AcmeProblem, malformed } from './problem.ts'
import type { AccountRecord } from './records.ts'
import { checkSignature, checkUrl, keyIn, parseJws, payloadOf } from './signed-request.ts'
import type { AcmeState } from './state.ts'

/** A request whose signature, URL and nonce have been checked. */
export interface Asked {
  /** Undefined for POST-as-GET. */
  readonly payload: JsonObject | undefined
  /** Base URL under which the client reaches us. */
  readonly base: string
}
export interface AskedByAccount extends Asked {
  readonly account: AccountRecord
}
export interface AskedByKey extends Asked {
  readonly key: AccountKey
  readonly thumbprint: string
}

export interface Doorkeeper {
  /** A request that an account has signed (kid). */
  byAccount(request: FastifyRequest): Promise<AskedByAccount>
  /** A request that brings its own key (jwk). */
  byKey(request: FastifyRequest): Promise<AskedByKey>
  /** Whichever of both it is. */
  byEither(request: FastifyRequest): Promise<AskedByAccount | AskedByKey>
}

interface DoorkeeperDeps {
  readonly nonces: Nonces
  readonly state: AcmeState
  readonly channel: (request: FastifyRequest) => Channel
  readonly clock: Clock
}

/** Who asks: nothing in a request is used before its signature has been checked (RFC 8555 6.2 to 6.5). All throw AcmeProblem. */
export function createDoorkeeper({ nonces, state, channel, clock }: DoorkeeperDeps): Doorkeeper {
  // Anybody has a key: each such request costs a signature check, and the nonces that were used are remembered for all.
  const limit = createRateLimit(clock, 'requests signed by a key and not by an account', { most: 120, withinMs: 60_000 })

  function spend(nonce: unknown): void {
    if (typeof nonce !== 'string' || !nonces.spend(nonce)) throw new AcmeProblem(400, 'badNonce', 'the nonce is not one of ours, too old, or was used before')
  }

  async function check(request: FastifyRequest): Promise<AskedByAccount | AskedByKey> {
    const jws = parseJws(parseObject(typeof request.body === 'string' ? request.body : '', 'the body'))
    const { base, address = '' } = channel(request)
    checkUrl(jws, base + request.url)
    if ('kid' in jws.header === 'jwk' in jws.header) throw malformed('either an account (kid) or a key (jwk) is wanted in the protected header')
    if ('kid' in jws.header) {
      const account = accountIn(textOf(jws.header['kid'], 'kid', 512), base)
      await checkSignature(jws, account)
      spend(jws.header['nonce'])
      if (account.status !== 'valid') throw new AcmeProblem(401, 'unauthorized', 'the account was deactivated')
      return { account, payload: payloadOf(jws), base }
    }
    limit(address)
    const key = keyIn(jws)
    await checkSignature(jws, key)
    spend(jws.header['nonce'])
    return { key, thumbprint: await thumbprintOf(key), payload: payloadOf(jws), base }
  }

  function accountIn(kid: string, base: string): AccountRecord {
    // The same gateway has several names, and an account belongs to none of them.
    const [, id = ''] = /\/acme\/account\/([A-Za-z0-9_-]{22})$/.exec(kid) ?? []
    const account = state.account(id)
    if (account === undefined) throw new AcmeProblem(400, 'accountDoesNotExist', `there is no such account; it would be at ${base}/acme/account/`)
    return account
  }

  async function byAccount(request: FastifyRequest): Promise<AskedByAccount> {
    const asked = await check(request)
    if (!('account' in asked)) throw malformed('a request signed by an account (kid) is wanted')
    return asked
  }

  async function byKey(request: FastifyRequest): Promise<AskedByKey> {
    const asked = await check(request)
    if (!('key' in asked)) throw malformed('a request with its own key (jwk) is wanted')
    return asked
  }

  return { byAccount, byKey, byEither: check }
}
