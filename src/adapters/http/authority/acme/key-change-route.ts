import type { FastifyInstance } from 'fastify'
import { parseAccountKey, thumbprintOf } from './account-key.ts'
import type { AcmeContext } from './context.ts'
import { parseJws, checkSignature, checkUrl, keyIn, payloadOf } from './signed-request.ts'
import { AcmeProblem, malformed } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'

/** A new key for an account, proved by both (RFC 8555 7.3.5). What the account was bound to stays. */
export function keyChangeRoute(app: FastifyInstance, { clock, state, doorkeeper }: AcmeContext): void {
  // Each key that was ever replaced is remembered.
  const limit = createRateLimit(clock, 'changes of a key', { most: 10, withinMs: 24 * 3_600_000 })

  app.post('/acme/key-change', async (request, reply) => {
    const { account, payload, base } = await doorkeeper.byAccount(request)
    limit(account.id)
    if (payload === undefined) throw malformed('a JWS by the new key is wanted')
    const inner = parseJws(payload)
    if ('nonce' in inner.header) throw malformed('the inner JWS has no nonce')
    checkUrl(inner, base + request.url)
    const key = keyIn(inner)
    await checkSignature(inner, key)
    const said = payloadOf(inner) ?? {}
    const url = `${base}/acme/account/${account.id}`
    if (said['account'] !== url) throw malformed('the inner JWS names another account')
    if ((await thumbprintOf(parseAccountKey(said['oldKey']))) !== account.thumbprint) throw malformed('oldKey is not the key of the account')
    const thumbprint = await thumbprintOf(key)
    const taken = state.accountOf(thumbprint)
    if (taken !== undefined)
      throw new AcmeProblem(409, 'malformed', 'an account has that key already, or had it', { headers: { location: `${base}/acme/account/${taken.id}` } })
    // Another change may have come first while signatures were checked.
    const current = state.account(account.id)
    if (current?.thumbprint !== account.thumbprint)
      throw new AcmeProblem(409, 'malformed', 'the account has another key by now', { headers: { location: url } })
    state.putAccount({ ...current, ...key, thumbprint })
    await state.commit()
    return reply
      .header('location', url)
      .type('application/json')
      .send(JSON.stringify({ status: current.status, contact: current.contact, orders: `${url}/orders` }))
  })
}
