import type { SessionEntry } from '../../schema/generated/hansa/v1/session_pb.ts'
import { type Artifact, Role } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { entryWords } from './entry-words.ts'

/** One turn of a conversation, as a model or a person reads it. */
export interface Turn {
  /** `summary` stands for what is older than the turns behind it. */
  readonly role: 'user' | 'agent' | 'summary'
  /** SPIFFE ID or handle. */
  readonly from: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly text: string
}

/**
 * The turns in a log, oldest first. Pieces of a streamed artifact are one turn, and a task that is told again says nothing new; what has no words is no turn. `without`: ID of a message
 * that is left out (the one that is being answered).
 */
export function turnsOf(entries: Iterable<SessionEntry>, without = ''): Turn[] {
  const turns: Turn[] = []
  /** Where the text of each artifact stands. */
  const artifacts = new Map<string, number>()
  for (const { content, from, at } of entries) {
    const say = (text: string, role: Turn['role'] = 'agent'): number => (text === '' ? -1 : turns.push({ role, from, at: Number(at), text }) - 1)
    const tell = (task: string, artifact: Artifact, append: boolean): void => {
      const id = JSON.stringify([task, artifact.artifactId])
      const text = artifact.parts.flatMap((part) => (part.content.case === 'text' ? [part.content.value] : [])).join('')
      const place = artifacts.get(id)
      const before = place === undefined ? undefined : turns[place]
      if (place !== undefined && before !== undefined) turns[place] = { ...before, text: append ? before.text + text : text }
      else {
        const index = say(text)
        if (index >= 0) artifacts.set(id, index)
      }
    }
    switch (content.case) {
      case 'message':
        if (without === '' || content.value.messageId !== without) say(entryWords(content), content.value.role === Role.AGENT ? 'agent' : 'user')
        break
      case 'task':
        for (const artifact of content.value.artifacts) tell(content.value.id, artifact, false)
        if (content.value.status?.message !== undefined) say(entryWords({ case: 'message', value: content.value.status.message }))
        break
      case 'status':
        say(entryWords(content))
        break
      case 'artifact':
        if (content.value.artifact !== undefined) tell(content.value.taskId, content.value.artifact, content.value.append)
        break
      case undefined:
    }
  }
  return turns
}
