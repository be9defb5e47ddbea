import type { FastifyInstance, FastifyReply } from 'fastify'
import { accountBinding } from './account-binding.ts'
import type { AcmeContext } from './context.ts'
import type { AskedByKey } from './doorkeeper.ts'
import type { JsonObject } from './json.ts'
import { AcmeProblem, malformed } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'
import type { AccountRecord } from './records.ts'
import { newId } from './state.ts'

const PAGE = 100
const MAX_CONTACTS = 8
const CONTACT = /^mailto:[^\s,?]{1,250}@[^\s,?@]{1,250}$/

/** Accounts (RFC 8555 7.3): made with a voucher, changed, deactivated, and their orders. */
export function accountRoutes(app: FastifyInstance, context: AcmeContext): void {
  const { door, clock, state, doorkeeper, channel, log } = context
  const limit = createRateLimit(clock, 'requests for accounts', { most: 60, withinMs: 60_000 })

  app.post('/acme/new-account', async (request, reply) => {
    limit(channel(request).address ?? '')
    const asked = await doorkeeper.byKey(request)
    const known = state.accountOf(asked.thumbprint)
    if (known !== undefined) return sendKnown(reply, known, asked)
    const payload = asked.payload ?? {}
    if (payload['onlyReturnExisting'] === true) throw new AcmeProblem(400, 'accountDoesNotExist', 'no account has this key')
    const contact = contactsIn(payload) ?? []
    const voucher = await accountBinding(payload['externalAccountBinding'], asked, request.url, (id) => door.eabKey(id))
    state.makeRoomForAccount(({ bound, status }) => status !== 'valid' || door.accountGrant(bound) === undefined)
    const grant = await door.bindAccount(voucher, asked.thumbprint)
    // Somebody may have asked twice at the same time; from here to the commit nothing waits.
    const twin = state.accountOf(asked.thumbprint)
    if (twin !== undefined) return sendKnown(reply, twin, asked)
    const account: AccountRecord = {
      id: newId(),
      ...asked.key,
      ...{ thumbprint: asked.thumbprint, bound: asked.thumbprint },
      ...{ status: 'valid', contact, createdAt: clock.now() }
    }
    state.putAccount(account)
    await state.commit()
    log.info({ name: grant.name, account: account.id }, 'an ACME account was bound to a voucher')
    return sendAccount(reply.code(201), account, asked.base)
  })

  app.post<{ Params: { id: string } }>('/acme/account/:id', async (request, reply) => {
    const { account, payload, base } = await doorkeeper.byAccount(request)
    if (account.id !== request.params.id) throw new AcmeProblem(403, 'unauthorized', 'that is the account of somebody else')
    const changed = payload === undefined ? account : changedBy(payload, account)
    if (changed !== account) {
      state.putAccount(changed)
      await state.commit()
    }
    return sendAccount(reply, changed, base)
  })

  app.post<{ Params: { id: string }; Querystring: { from?: string } }>('/acme/account/:id/orders', async (request, reply) => {
    const { account, base } = await doorkeeper.byAccount(request)
    if (account.id !== request.params.id) throw new AcmeProblem(403, 'unauthorized', 'those are the orders of somebody else')
    const { from = '' } = request.query
    const found = state.ordersOf(account.id, from, PAGE + 1)
    const next = found[PAGE]
    if (next !== undefined) reply.header('link', `<${base}/acme/account/${account.id}/orders?from=${next.id}>;rel="next"`)
    return reply.type('application/json').send(JSON.stringify({ orders: found.slice(0, PAGE).map(({ id }) => `${base}/acme/order/${id}`) }))
  })
}

/** RFC 8555 7.3.1: who has a key finds its account by it. */
function sendKnown(reply: FastifyReply, account: AccountRecord, { thumbprint, base }: AskedByKey): FastifyReply {
  if (account.thumbprint !== thumbprint) throw new AcmeProblem(403, 'unauthorized', 'the account of this key has another one now')
  if (account.status !== 'valid') throw new AcmeProblem(401, 'unauthorized', 'the account of this key was deactivated')
  return sendAccount(reply.code(200), account, base)
}

function sendAccount(reply: FastifyReply, { id, status, contact }: AccountRecord, base: string): FastifyReply {
  const url = `${base}/acme/account/${id}`
  return reply
    .header('location', url)
    .type('application/json')
    .send(JSON.stringify({ status, contact, orders: `${url}/orders` }))
}

function changedBy(payload: JsonObject, account: AccountRecord): AccountRecord {
  const { status } = payload
  if (status !== undefined && status !== 'valid' && status !== 'deactivated') throw malformed('status can only become deactivated')
  const contact = contactsIn(payload)
  if (status !== 'deactivated' && contact === undefined) return account
  return { ...account, ...(status === 'deactivated' ? { status } : {}), ...(contact === undefined ? {} : { contact }) }
}

function contactsIn({ contact }: JsonObject): string[] | undefined {
  if (contact === undefined) return undefined
  if (!Array.isArray(contact) || contact.length > MAX_CONTACTS) throw malformed(`contact is a list of at most ${MAX_CONTACTS} addresses`)
  return contact.map((each: unknown) => {
    if (typeof each !== 'string' || !CONTACT.test(each)) throw new AcmeProblem(400, 'unsupportedContact', 'only mailto: addresses are taken')
    return each
  })
}
