import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HansaError } from '../../../schema/errors.ts'
import { parseCertificate } from '../../../wire/x509/certificate.ts'
import { readListDates } from '../../../wire/x509/list-dates.ts'
import { encodePem } from '../../../wire/x509/pem.ts'
import { fromHttpLibrary, replyError } from '../error-reply.ts'
import type { AuthorityRouteDeps } from './authority-deps.ts'
import { publish } from './published.ts'

const CERTIFICATE = 'application/pkix-cert'
const LIST = 'application/pkix-crl'
/** Digits of a key's hash in the address of what belongs to it: enough to tell a handful of CAs apart, and short, since they stand in every certificate. */
const SHORT = 16

/**
 * Roots, CAs and revocation lists of the domain (draft 3.1), also over plain HTTP: they prove themselves by their signatures, and a client that checks the certificate of a TLS
 * server by them cannot ask that server first (RFC 5280 8).
 */
export function publishedRoutes(app: FastifyInstance, { door, clock }: Pick<AuthorityRouteDeps, 'door' | 'clock'>): void {
  const errorHandler = (thrown: unknown, _request: FastifyRequest, reply: FastifyReply): void => void replyError(reply, fromHttpLibrary(thrown))
  const text = onceEach((list) => new TextEncoder().encode(encodePem('X509 CRL', list)))
  const send = (request: FastifyRequest, reply: FastifyReply, body: Uint8Array, type: string): FastifyReply =>
    publish(request, reply, { body, type }, clock.now())
  const sendList = (request: FastifyRequest, reply: FastifyReply, list: Uint8Array, form: 'der' | 'pem' = 'der'): FastifyReply => {
    const [body, type] = form === 'der' ? [list, LIST] : [text(list), 'application/x-pem-file']
    return publish(request, reply, { body, type, dates: readListDates(list) }, clock.now())
  }
  const route = (path: string, answer: (request: FastifyRequest, reply: FastifyReply, id: string) => FastifyReply): void => {
    app.get<{ Params: { id?: string } }>(path, { errorHandler }, (request, reply) => answer(request, reply, request.params.id ?? ''))
  }

  /** Every CA that the domain has now, by the hash of its key: those that sign, those that they replaced, and the roots. */
  function known(): Map<string, Uint8Array> {
    const issuing = door.signers.flatMap(({ id, chain: [own] }) => (own === undefined ? [] : [[id, own] as const]))
    return new Map([...issuing, ...door.roots().map((root) => [keyOf(root), root] as const)])
  }
  function find(id: string): readonly [string, Uint8Array] {
    const found = [...known()].find(([full]) => full.slice(0, SHORT) === id)
    if (found === undefined) throw new HansaError('NOT_FOUND', 'the domain has no CA with this key')
    return found
  }
  /** Of two roots the first that has signed one. */
  function rootList(): Uint8Array {
    let missing: unknown = new HansaError('NOT_FOUND', 'the domain has no root')
    for (const root of door.roots()) {
      try {
        return door.crl(keyOf(root))
      } catch (thrown) {
        missing = thrown
      }
    }
    throw missing
  }

  route('/aca/roots.pem', (request, reply) => {
    const pem = door.roots().map((root) => encodePem('CERTIFICATE', root))
    return send(request, reply, new TextEncoder().encode(pem.join('')), 'application/pem-certificate-chain')
  })
  route('/aca/crl', (request, reply) => sendList(request, reply, door.crl()))
  route('/aca/crl.pem', (request, reply) => sendList(request, reply, door.crl(), 'pem'))
  route('/aca/root.crl', (request, reply) => sendList(request, reply, rootList()))
  route('/aca/issuing.cer', (request, reply) => {
    const issuing = door.signers[0]?.chain[0]
    if (issuing === undefined) throw new HansaError('NOT_FOUND', 'the domain has no issuing CA')
    return send(request, reply, issuing, CERTIFICATE)
  })
  route('/aca/crl/:id.crl', (request, reply, id) => sendList(request, reply, door.crl(find(id)[0])))
  route('/aca/ca/:id.cer', (request, reply, id) => send(request, reply, find(id)[1], CERTIFICATE))
}

const keyIds = onceEach((certificate) => createHash('sha256').update(parseCertificate(certificate).spki).digest('hex'))

/** See CaSigner.id. */
function keyOf(certificate: Uint8Array): string {
  return keyIds(certificate)
}

/** Remembers what has been made of bytes for as long as somebody holds them. */
function onceEach<T>(make: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const made = new WeakMap<Uint8Array, { readonly value: T }>()
  return (bytes) => {
    const known = made.get(bytes) ?? { value: make(bytes) }
    made.set(bytes, known)
    return known.value
  }
}
