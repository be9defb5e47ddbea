import type { Value } from '@bufbuild/protobuf/wkt'
import type { SessionEntry } from '../../schema/generated/hansa/v1/session_pb.ts'
import type { Artifact, Part } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Sha256 } from '../crypto.ts'
import { hex } from '../ids/hex.ts'

const encoder = new TextEncoder()

export type SessionContent = SessionEntry['content']

type Canonical = string | number | boolean | null | Canonical[]

/**
 * SHA-256 of what was said alone, in canonical form: the same at both ends where nothing was translated on the way. Role and message ID of a message, IDs of a task
 * and its artifacts, its state, words, data, files and links. Times, names for people and metadata are not in it: gateways and agents may add to those.
 */
export function entryDigest(content: SessionContent, sha256: Sha256): Uint8Array {
  // JSON of arrays has one form only, and no content can pass for another one.
  return sha256(encoder.encode(JSON.stringify(canonical(content, sha256))))
}

function canonical(content: SessionContent, sha256: Sha256): Canonical {
  switch (content.case) {
    case 'message': {
      const { role, messageId, parts } = content.value
      return ['message', role, wellFormed(messageId), partsOf(parts, sha256)]
    }
    case 'task': {
      const { id, status, artifacts } = content.value
      return [
        'task',
        wellFormed(id),
        status?.state ?? 0,
        partsOf(status?.message?.parts ?? [], sha256),
        artifacts.map((artifact) => artifactOf(artifact, sha256))
      ]
    }
    case 'status': {
      const { taskId, status } = content.value
      return ['status', wellFormed(taskId), status?.state ?? 0, partsOf(status?.message?.parts ?? [], sha256)]
    }
    case 'artifact': {
      const { taskId, artifact, append } = content.value
      return ['artifact', wellFormed(taskId), append, ...(artifact === undefined ? [] : [artifactOf(artifact, sha256)])]
    }
    case undefined:
      return []
  }
}

function artifactOf({ artifactId, parts }: Artifact, sha256: Sha256): Canonical {
  return [wellFormed(artifactId), partsOf(parts, sha256)]
}

function partsOf(parts: readonly Part[], sha256: Sha256): Canonical[] {
  return parts.map(({ content }): Canonical => {
    switch (content.case) {
      case 'text':
      case 'url':
        return [content.case, wellFormed(content.value)]
      case 'raw':
        return ['raw', hex(sha256(content.value))]
      case 'data':
        return ['data', valueOf(content.value)]
      case undefined:
        return []
    }
  })
}

/** Members in order of their names. Written out, since what JSON has no word for (NaN, no value at all) must not fail. */
function valueOf({ kind }: Value): Canonical {
  switch (kind.case) {
    case 'nullValue':
    case undefined:
      return null
    case 'numberValue':
      return Number.isFinite(kind.value) ? kind.value : ['number', String(kind.value)]
    case 'stringValue':
      return ['string', wellFormed(kind.value)]
    case 'boolValue':
      return kind.value
    case 'listValue':
      return ['list', kind.value.values.map(valueOf)]
    case 'structValue': {
      const members = Object.entries(kind.value.fields).sort(([a], [b]) => (a < b ? -1 : 1))
      return ['object', members.map(([name, value]): Canonical => [wellFormed(name), valueOf(value)])]
    }
  }
}

/** As it arrives at the other end: half a surrogate pair has no bytes in UTF-8. */
function wellFormed(text: string): string {
  return text.toWellFormed()
}
