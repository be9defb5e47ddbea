import { type DescMessage, enumToJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import type { HansaNode } from '../../node/hansa-node.ts'
import type { Session, SessionEntry } from '../../schema/generated/hansa/v1/session_pb.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { NodeOperations } from '../operations.ts'
import type { SessionEntryView, SessionSummary } from '../session-types.ts'

type SessionOperations = Pick<NodeOperations, 'sessionList' | 'sessionShow' | 'sessionExport' | 'sessionVerify' | 'sessionCompare' | 'sessionDelete'>

/** A screenful; more is asked for. */
const DEFAULT_LIMIT = 100

/** What one answer may hold. */
const MAX_LIMIT = 1_000

/** What was said, for the operator (draft 2.4). */
export function sessionOperations({ sessions }: HansaNode): SessionOperations {
  return {
    async sessionList({ text, peer, limit }) {
      const found = await sessions.list({ text, peer, limit: limited(limit) })
      return { sessions: found.sessions.map(summaryOf), complete: found.complete }
    },
    async sessionShow({ id, from, limit }) {
      const session = await sessions.get(id)
      const most = limited(limit)
      const last = Number(session.dropped + session.entries)
      // What was said last, unless somebody asks for more.
      const first = from === undefined ? Math.max(1, last - most + 1) : Number(from)
      const entries = await sessions.entries(id, { from: first, limit: most })
      return { session: summaryOf(session), entries: entries.map(viewOf) }
    },
    async *sessionExport({ id, format }) {
      for await (const line of sessions.exportLines(id, format)) yield { line }
    },
    async sessionVerify({ id }) {
      const { session, firstBroken } = await sessions.verify(id)
      const found = { id, ok: firstBroken === undefined, entries: Number(session.entries), head: hex(session.head) }
      return firstBroken === undefined ? found : { ...found, firstBroken }
    },
    async sessionCompare({ id, other }) {
      const { same, matched, onlyHere, onlyThere, translated, otherOk } = await sessions.compare(id, other)
      return { same, matched, onlyHere: [...onlyHere], onlyThere: [...onlyThere], translated: [...translated], otherOk }
    },
    async sessionDelete({ id }) {
      await sessions.delete(id)
      return { id }
    }
  }
}

function limited(limit: string | undefined): number {
  return limit === undefined ? DEFAULT_LIMIT : Math.min(MAX_LIMIT, Math.max(1, Number(limit)))
}

function summaryOf({ id, peer, title, createdAt, updatedAt, entries, bytes, dropped, head }: Session): SessionSummary {
  return {
    ...{ id, peer, title, head: hex(head) },
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    entries: Number(entries),
    bytes: Number(bytes),
    dropped: Number(dropped)
  }
}

function viewOf(entry: SessionEntry): SessionEntryView {
  const { sequence, at, from, to, sent, language, translations, hops, hash, digest } = entry
  return {
    ...{ from, to, sent, hash: hex(hash), digest: hex(digest) },
    sequence: Number(sequence),
    at: Number(at),
    ...saidIn(entry),
    ...(language === '' ? {} : { language }),
    translations: translations.map(({ gateway, from: of, to: into, engine, reply }) => ({ gateway, from: of, to: into, engine, reply })),
    hops: hops.map(({ gateway, ms }) => ({ gateway, ms }))
  }
}

function saidIn({ content }: SessionEntry): Pick<SessionEntryView, 'kind' | 'text' | 'state' | 'content'> {
  switch (content.case) {
    case 'task': {
      const { artifacts, status } = content.value
      const words = [...artifacts.map(({ parts }) => textOf(parts)), textOf(status?.message?.parts)].filter((text) => text !== '')
      return { kind: 'task', text: words.join('\n'), ...stateOf(status), content: jsonOf(a2a.TaskSchema, content.value) }
    }
    case 'status':
      return {
        kind: 'status',
        text: textOf(content.value.status?.message?.parts),
        ...stateOf(content.value.status),
        content: jsonOf(a2a.TaskStatusUpdateEventSchema, content.value)
      }
    case 'artifact':
      return { kind: 'artifact', text: textOf(content.value.artifact?.parts), content: jsonOf(a2a.TaskArtifactUpdateEventSchema, content.value) }
    case 'message':
      return { kind: 'message', text: textOf(content.value.parts), content: jsonOf(a2a.MessageSchema, content.value) }
    case undefined:
      return { kind: 'message', text: '', content: null }
  }
}

/** Null where JSON has no word for something that was said, such as a number that is none. */
function jsonOf(schema: DescMessage, message: Message): JsonValue {
  try {
    return toJson(schema, message)
  } catch {
    return null
  }
}

function textOf(parts: readonly a2a.Part[] = []): string {
  return parts.flatMap(({ content }) => (content.case === 'text' ? [content.value] : [])).join('\n')
}

function stateOf(status: a2a.TaskStatus | undefined): { state?: string } {
  return status === undefined ? {} : { state: String(enumToJson(a2a.TaskStateSchema, status.state) ?? '') }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
