import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Dates } from '../../../wire/x509/list-dates.ts'

/** Longest time for which others may keep a document without asking again, in milliseconds: a revocation must not wait behind somebody's cache for hours. */
const MAX_AGE_MS = 300_000

export interface Published {
  readonly body: Uint8Array
  readonly type: string
  /** Absent for what does not end. */
  readonly dates?: Dates
}

/** Hashes of bodies: a list may have several megabytes, and is asked for again and again. */
const tags = new WeakMap<Uint8Array, string>()

/** Answers with a document that caches may keep, not beyond its next update (RFC 5019 5, RFC 9110 13); one that has not changed costs a few bytes. */
export function publish(request: FastifyRequest, reply: FastifyReply, { body, type, dates }: Published, now: number): FastifyReply {
  const tag = tags.get(body) ?? `"${createHash('sha256').update(body).digest('base64url')}"`
  tags.set(body, tag)
  const left = Math.max(0, Math.min(MAX_AGE_MS, (dates?.nextUpdate ?? Infinity) - now))
  reply.header('etag', tag).header('cache-control', `public, max-age=${Math.floor(left / 1000)}, no-transform, must-revalidate`)
  if (dates !== undefined) reply.header('last-modified', new Date(dates.thisUpdate).toUTCString()).header('expires', new Date(dates.nextUpdate).toUTCString())
  const known = request.headers['if-none-match']?.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === tag) ?? false
  if (known) return reply.code(304).send()
  return reply.type(type).send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
}
