import { type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { Part, SendMessageResponse, StreamResponse } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** The facts of an answer: the members of its data parts that are objects, together; a later part wins. Of a message, a task's artifacts, or a piece of a stream. */
export function replyData({ payload }: SendMessageResponse | StreamResponse): JsonObject {
  switch (payload.case) {
    case 'message':
      return merged(payload.value.parts)
    case 'task':
      return merged(payload.value.artifacts.flatMap(({ parts }) => parts))
    case 'artifactUpdate':
      return merged(payload.value.artifact?.parts ?? [])
    case 'statusUpdate':
    case undefined:
      return {}
  }
}

function merged(parts: readonly Part[]): JsonObject {
  let data: JsonObject = {}
  for (const { content } of parts) {
    if (content.case !== 'data') continue
    const value: JsonValue = toJson(ValueSchema, content.value)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) data = { ...data, ...value }
  }
  return data
}
