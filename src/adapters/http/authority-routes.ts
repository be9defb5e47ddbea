import type { FastifyInstance } from 'fastify'

/** What an ACA publishes over HTTP for clients outside the network. */
export interface AuthorityDocuments {
  rootsPem(): string
  crlDer(): Uint8Array
  crlPem(): string
}

/** Roots and revocation list of the domain (draft 3.1). Public: they prove themselves by their signatures. */
export function authorityRoutes(app: FastifyInstance, documents: AuthorityDocuments): void {
  app.get('/aca/roots.pem', (_request, reply) => reply.type('application/pem-certificate-chain').send(documents.rootsPem()))
  app.get('/aca/crl', (_request, reply) => reply.type('application/pkix-crl').send(Buffer.from(documents.crlDer())))
  app.get('/aca/crl.pem', (_request, reply) => reply.type('application/x-pem-file').send(documents.crlPem()))
}
