import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Documents whose age is remembered; what was forgotten counts as new, which costs a client one transfer. */
const MAX_REMEMBERED = 1_024

export interface Document {
  readonly body: string
  /** Cache-Control. */
  readonly cache: string
  readonly type?: string
}

/** Answers with documents that clients ask for again and again: one that has not changed costs them a few bytes (RFC 9110 13). */
export function createDocumentSender(now: () => number): (request: FastifyRequest, reply: FastifyReply, document: Document) => FastifyReply {
  /** When a content was first served, in whole seconds, by its hash. */
  const first = new Map<string, number>()

  function firstServed(hash: string): number {
    const known = first.get(hash)
    const at = known ?? Math.floor(now() / 1000) * 1000
    // The map keeps insertion order: the first is the one not asked for since longest.
    first.delete(hash)
    first.set(hash, at)
    if (first.size > MAX_REMEMBERED) first.delete(first.keys().next().value ?? hash)
    return at
  }

  return (request, reply, { body, cache, type = 'application/json' }) => {
    const hash = createHash('sha256').update(body).digest('base64url')
    const modified = firstServed(hash)
    reply.header('etag', `"${hash}"`).header('cache-control', cache).header('last-modified', new Date(modified).toUTCString())
    if (has(request, hash, modified)) return reply.code(304).send()
    return reply.type(type).send(body)
  }
}

/** A date counts only where the client has no tag. */
function has({ headers }: FastifyRequest, hash: string, modified: number): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === `"${hash}"`)
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && modified <= since
}
