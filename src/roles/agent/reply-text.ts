import type { Artifact, Message, Part, SendMessageResponse, StreamResponse } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** The words of an answer: of a message, of a task's artifacts (or its status, when it has none), of a piece of a stream. Other parts are passed over. */
export function replyText(response: SendMessageResponse | StreamResponse): string {
  const { payload } = response
  switch (payload.case) {
    case 'message':
      return words(payload.value)
    case 'task':
      return payload.value.artifacts.length > 0 ? payload.value.artifacts.map(words).join('\n') : words(payload.value.status?.message)
    case 'artifactUpdate':
      return words(payload.value.artifact)
    case 'statusUpdate':
    case undefined:
      return ''
  }
}

function words(of: Message | Artifact | undefined): string {
  return (of?.parts ?? []).map((part: Part) => (part.content.case === 'text' ? part.content.value : '')).join('')
}
