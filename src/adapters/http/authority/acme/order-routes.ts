import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Outcome } from '../../../../ports/authority-door.ts'
import { HansaError } from '../../../../schema/errors.ts'
import { parseCertificate } from '../../../../wire/x509/certificate.ts'
import { encodePem } from '../../../../wire/x509/pem.ts'
import type { AcmeContext } from './context.ts'
import { bytesOf } from './json.ts'
import { checkCsrNames, identifiersIn } from './order-names.ts'
import { AcmeProblem, malformed } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'
import type { AccountRecord, OrderRecord } from './records.ts'
import { newId } from './state.ts'

/** How long an order that was not finalised can be, and how long one that waits for a person is kept; milliseconds. */
const OPEN_MS = 24 * 3_600_000
const WAITS_MS = 30 * 24 * 3_600_000
const MAX_CSR = 8 * 1024
/** For clients that do not take a hint: longest time between two questions, in milliseconds. */
const MAX_RETRY_MS = 3_600_000

interface OrderPath {
  Params: { id: string }
}

/** Orders (RFC 8555 7.4): born ready within what the account may have, finalised by the one issuance function of the ACA, which may let them wait. */
export function orderRoutes(app: FastifyInstance, context: AcmeContext): void {
  const { door, clock, state, doorkeeper } = context
  const limit = createRateLimit(clock, 'orders', { most: 300, withinMs: 3_600_000 })
  /** Orders that are being decided, so that none is decided twice. */
  const deciding = new Set<string>()

  app.post('/acme/new-order', async (request, reply) => {
    const { account, payload, base } = await doorkeeper.byAccount(request)
    limit(account.id)
    const grant = door.accountGrant(account.bound)
    if (grant === undefined) throw new AcmeProblem(403, 'unauthorized', 'the account is bound to nothing any more')
    if (payload === undefined) throw malformed('identifiers are wanted')
    if ('notBefore' in payload || 'notAfter' in payload)
      throw malformed('how long certificates last is for the authority to say: leave notBefore and notAfter out')
    const dnsNames = identifiersIn(payload['identifiers'], grant.dnsNames)
    state.makeRoomForOrder(account.id)
    const order: OrderRecord = { id: `${account.id}.${newId()}`, account: account.id, dnsNames, status: 'ready', expires: clock.now() + OPEN_MS }
    await save(order)
    return sendOrder(reply.code(201), order, base)
  })

  app.post<OrderPath>('/acme/order/:id', async (request, reply) => {
    const asked = await doorkeeper.byAccount(request)
    const order = orderOf(asked, request.params.id)
    const outcome = order.application === undefined || order.status !== 'processing' ? undefined : fate(order.application)
    const current = outcome === undefined || outcome.state === 'pending' ? order : decided(order, outcome)
    if (current !== order) await save(current)
    return sendOrder(reply, current, asked.base, outcome)
  })

  app.post<OrderPath>('/acme/authorization/:id', async (request, reply) => {
    const asked = await doorkeeper.byAccount(request)
    const [, id = '', index = ''] = /^(.*)\.(\d{1,2})$/.exec(request.params.id) ?? []
    const { dnsNames, expires } = orderOf(asked, id)
    const value = dnsNames[Number(index)]
    if (value === undefined) throw new AcmeProblem(404, 'malformed', 'the order has no such authorization')
    // No challenge was met: the voucher has said it all.
    const authorization = { identifier: { type: 'dns', value }, status: 'valid', expires: dateOf(expires), challenges: [] }
    return reply.type('application/json').send(JSON.stringify(authorization))
  })

  app.post<OrderPath>('/acme/finalize/:id', async (request, reply) => {
    const asked = await doorkeeper.byAccount(request)
    const order = orderOf(asked, request.params.id)
    if (order.status !== 'ready' || deciding.has(order.id))
      throw new AcmeProblem(403, 'orderNotReady', `the order is ${deciding.has(order.id) ? 'being decided' : order.status}`)
    const csr = bytesOf(asked.payload?.['csr'], 'csr', MAX_CSR)
    checkCsrNames(csr, order.dnsNames)
    deciding.add(order.id)
    try {
      const outcome = await door.apply({ csr, dnsNames: order.dnsNames }, { door: 'acme', account: asked.account.bound })
      const current = decided(order, outcome)
      await save(current)
      return sendOrder(reply, current, asked.base, outcome)
    } finally {
      deciding.delete(order.id)
    }
  })

  app.post<OrderPath>('/acme/certificate/:id', async (request, reply) => {
    const { chain } = orderOf(await doorkeeper.byAccount(request), request.params.id)
    if (chain === undefined) throw new AcmeProblem(404, 'malformed', 'the order has no certificate')
    return reply.type('application/pem-certificate-chain').send(chain)
  })

  function orderOf({ account }: { readonly account: AccountRecord }, id: string): OrderRecord {
    const order = id.length > 100 ? undefined : state.order(id)
    if (order === undefined || clock.now() > order.expires) throw new AcmeProblem(404, 'malformed', 'there is no such order')
    if (order.account !== account.id) throw new AcmeProblem(403, 'unauthorized', 'that is the order of somebody else')
    return order
  }

  /** On disk before anybody is told. */
  function save(order: OrderRecord): Promise<void> {
    state.putOrder(order)
    return state.commit()
  }

  function fate(application: string): Outcome {
    try {
      return door.application(application)
    } catch (thrown) {
      if (!(thrown instanceof HansaError) || thrown.code !== 'NOT_FOUND') throw thrown
      return { state: 'rejected', applicationId: application, verdicts: [], message: 'the application was dropped: nobody has decided it in time' }
    }
  }

  function decided(order: OrderRecord, outcome: Outcome): OrderRecord {
    if (outcome.state === 'pending') return { ...order, status: 'processing', application: outcome.applicationId, expires: clock.now() + WAITS_MS }
    if (outcome.state === 'rejected') return { ...order, status: 'invalid', problem: outcome.message }
    const [leaf] = outcome.chain
    if (leaf === undefined) throw new HansaError('INTERNAL', 'a chain without a certificate')
    // The root is the client's own matter: it trusts it already, or must not by our word.
    const chain = outcome.chain.slice(0, -1).map((der) => encodePem('CERTIFICATE', der))
    return { ...order, status: 'valid', chain: chain.join(''), expires: parseCertificate(leaf).notAfter }
  }
}

function sendOrder(reply: FastifyReply, order: OrderRecord, base: string, outcome?: Outcome): FastifyReply {
  const { id, status, expires, dnsNames, problem } = order
  const at = (path: string): string => `${base}/acme/${path}`
  if (status === 'processing' && outcome?.state === 'pending')
    reply.header('retry-after', Math.max(1, Math.ceil(Math.min(outcome.retryAfterMs, MAX_RETRY_MS) / 1000)))
  const body = {
    status,
    expires: dateOf(expires),
    identifiers: dnsNames.map((value) => ({ type: 'dns', value })),
    authorizations: dnsNames.map((_, index) => at(`authorization/${id}.${index}`)),
    finalize: at(`finalize/${id}`),
    ...(status === 'valid' ? { certificate: at(`certificate/${id}`) } : {}),
    ...(problem === undefined ? {} : { error: new AcmeProblem(403, 'unauthorized', problem).document })
  }
  return reply
    .header('location', at(`order/${id}`))
    .type('application/json')
    .send(JSON.stringify(body))
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
