import type { SessionEntry } from '../../schema/generated/hansa/v1/session_pb.ts'
import { hex } from '../ids/hex.ts'
import type { Sha256 } from '../crypto.ts'
import { entryDigest } from './entry-digest.ts'

/** What of an entry is compared. */
export interface ComparedEntry {
  readonly sequence: number
  /** Hex. */
  readonly digest: string
  /** What it is about, whatever its words: message ID, task and state, task and artifact. */
  readonly subject: string
  /** A gateway translated it, or something of the call that it ends. */
  readonly translated: boolean
}

export interface LogComparison {
  /** Nothing is on one side alone. What was translated on the way counts as the same. */
  readonly same: boolean
  readonly matched: number
  /** Sequences here, in order. */
  readonly onlyHere: readonly number[]
  /** Sequences there, in order. */
  readonly onlyThere: readonly number[]
  /** Sequences here of what has other words there, because it was translated. */
  readonly translated: readonly number[]
}

/** The part of an entry that is compared. The digest is made anew: what another party's log says of itself proves nothing. `mark`: name of the metadata of a translated part. */
export function comparedEntry(entry: SessionEntry, mark: string, sha256: Sha256): ComparedEntry {
  return {
    sequence: Number(entry.sequence),
    digest: hex(entryDigest(entry.content, sha256)),
    subject: subjectOf(entry),
    translated: entry.translations.length > 0 || partsOf(entry).some(({ metadata }) => metadata !== undefined && Object.hasOwn(metadata, mark))
  }
}

/** Two parties' logs of one session. Each entry is matched once: saying the same twice is not the same as saying it once. */
export function compareLogs(here: readonly ComparedEntry[], there: readonly ComparedEntry[]): LogComparison {
  const exact = match(here, there, ({ digest }) => digest)
  const about = match(
    exact.here,
    exact.there,
    ({ subject }) => subject,
    (a, b) => a.translated || b.translated
  )
  const sequences = (entries: readonly ComparedEntry[]): number[] => entries.map(({ sequence }) => sequence).sort((a, b) => a - b)
  return {
    same: about.here.length === 0 && about.there.length === 0,
    matched: exact.pairs.length,
    onlyHere: sequences(about.here),
    onlyThere: sequences(about.there),
    translated: sequences(about.pairs)
  }
}

interface Matched {
  /** Those here that have a partner. */
  readonly pairs: readonly ComparedEntry[]
  readonly here: readonly ComparedEntry[]
  readonly there: readonly ComparedEntry[]
}

function match(
  here: readonly ComparedEntry[],
  there: readonly ComparedEntry[],
  key: (entry: ComparedEntry) => string,
  fits: (a: ComparedEntry, b: ComparedEntry) => boolean = () => true
): Matched {
  const waiting = Map.groupBy(there, key)
  const left = new Set(there)
  const pairs: ComparedEntry[] = []
  const alone: ComparedEntry[] = []
  for (const entry of here) {
    const partner = waiting.get(key(entry))?.[0]
    if (partner === undefined || !fits(entry, partner)) alone.push(entry)
    else {
      waiting.get(key(entry))?.shift()
      left.delete(partner)
      pairs.push(entry)
    }
  }
  return { pairs, here: alone, there: [...left] }
}

function subjectOf({ sequence, content }: SessionEntry): string {
  switch (content.case) {
    case 'message':
      return JSON.stringify(['message', content.value.messageId])
    case 'task':
      return JSON.stringify(['task', content.value.id, content.value.status?.state])
    case 'status':
      return JSON.stringify(['status', content.value.taskId, content.value.status?.state])
    case 'artifact':
      return JSON.stringify(['artifact', content.value.taskId, content.value.artifact?.artifactId])
    case undefined:
      return JSON.stringify(['nothing', String(sequence)])
  }
}

function partsOf({ content }: SessionEntry) {
  switch (content.case) {
    case 'message':
      return content.value.parts
    case 'task':
      return [...(content.value.status?.message?.parts ?? []), ...content.value.artifacts.flatMap(({ parts }) => parts)]
    case 'status':
      return content.value.status?.message?.parts ?? []
    case 'artifact':
      return content.value.artifact?.parts ?? []
    case undefined:
      return []
  }
}
