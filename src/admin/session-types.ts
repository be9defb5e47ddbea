import { z } from 'zod'

/** Sessions in the admin API (A2A contextId). Times are milliseconds since the epoch. GET requests carry texts only, so numbers are texts there. */

const json = z.json()
const id = z.string().min(1).max(256)
const count = z.string().regex(/^\d{1,9}$/)

export const sessionSummary = z.object({
  id,
  peer: z.string(),
  title: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
  entries: z.number(),
  bytes: z.number(),
  dropped: z.number(),
  head: z.string().meta({ description: 'Hex SHA-256 of the newest entry, over all before it.' })
})
export type SessionSummary = z.infer<typeof sessionSummary>

export const sessionListRequest = z.strictObject({
  text: z.string().max(256).optional().meta({ description: 'Only sessions in which all these words were said.' }),
  peer: z.string().max(512).optional(),
  limit: count.optional()
})
export const sessionList = z.object({
  sessions: z.array(sessionSummary).meta({ description: 'Newest first.' }),
  complete: z.boolean().meta({ description: 'False: there was more to search through than one search may.' })
})

export const sessionEntry = z.object({
  sequence: z.number(),
  at: z.number(),
  from: z.string(),
  to: z.string(),
  sent: z.boolean(),
  kind: z.enum(['message', 'task', 'status', 'artifact']),
  text: z.string(),
  state: z.string().optional(),
  language: z.string().optional(),
  translations: z.array(z.object({ gateway: z.string(), from: z.string(), to: z.string(), engine: z.string(), reply: z.boolean() })),
  hops: z.array(z.object({ gateway: z.string(), ms: z.number() })),
  hash: z.string(),
  digest: z.string(),
  content: json.meta({ description: 'Message, Task, TaskStatusUpdateEvent or TaskArtifactUpdateEvent of A2A 1.0 as ProtoJSON.' })
})
export type SessionEntryView = z.infer<typeof sessionEntry>

export const sessionRequest = z.strictObject({ id })
export const sessionShowRequest = z.strictObject({ id, from: count.optional(), limit: count.optional() })
export const sessionView = z.object({ session: sessionSummary, entries: z.array(sessionEntry) })

export const sessionExportRequest = z.strictObject({ id, format: z.enum(['jsonl', 'markdown']).default('jsonl') })
export const exportLine = z.object({ line: z.string() })

export const sessionVerification = z.object({
  id,
  ok: z.boolean(),
  entries: z.number(),
  head: z.string(),
  firstBroken: z.number().optional().meta({ description: 'Sequence of the first entry that is not as it was recorded.' })
})
export const sessionCompareRequest = z.strictObject({
  id,
  other: z.string().max(32_000_000).meta({ description: "The other party's export (JSON Lines)." })
})
export const sessionComparison = z.object({
  same: z.boolean(),
  matched: z.number(),
  onlyHere: z.array(z.number()).meta({ description: 'Sequences here that the other party does not have.' }),
  onlyThere: z.array(z.number()),
  translated: z.array(z.number()).meta({ description: 'Sequences here whose words differ because they were translated on the way.' }),
  otherOk: z.boolean().meta({ description: "The other party's hash chain holds." })
})
export const deletedSession = z.object({ id })
