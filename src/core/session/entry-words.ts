import type { Part } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { SessionContent } from './entry-digest.ts'

/** The words of an entry: its text parts, one per line; of a task its artifacts and its status. */
export function entryWords(content: SessionContent): string {
  switch (content.case) {
    case 'message':
      return words(content.value.parts)
    case 'task':
      return [...content.value.artifacts.map(({ parts }) => words(parts)), words(content.value.status?.message?.parts)].filter((text) => text !== '').join('\n')
    case 'status':
      return words(content.value.status?.message?.parts)
    case 'artifact':
      return words(content.value.artifact?.parts)
    case undefined:
      return ''
  }
}

function words(parts: readonly Part[] = []): string {
  return parts.flatMap(({ content }) => (content.case === 'text' ? [content.value] : [])).join('\n')
}
