import { create, fromJson, type JsonObject, type JsonValue, type MessageInitShape, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { type Message, type Part, PartSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { AnswerFile, Contents } from './handler.ts'

/** True for contents, which no message and no part looks like. */
export function isContents(answer: object): answer is Contents {
  return !('parts' in answer) && !('content' in answer) && ('text' in answer || 'data' in answer || 'files' in answer)
}

/** Contents as parts of A2A: words, data, files. Throws when the data is not JSON. */
export function partsOf({ text, data, files = [] }: Contents): Part[] {
  const parts: MessageInitShape<typeof PartSchema>[] = [
    ...(text === undefined ? [] : [{ content: { case: 'text' as const, value: text } }]),
    ...(data === undefined ? [] : [{ content: { case: 'data' as const, value: fromJson(ValueSchema, defined(data)) }, mediaType: 'application/json' }]),
    ...files.map(filePart)
  ]
  return parts.map((part) => create(PartSchema, part))
}

/** The members of all data parts that are objects; a later part wins. */
export function dataOf(message: Message): JsonObject {
  let data: JsonObject = {}
  for (const { content } of message.parts) {
    if (content.case !== 'data') continue
    const value: JsonValue = toJson(ValueSchema, content.value)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) data = { ...data, ...value }
  }
  return data
}

function defined(data: Exclude<Contents['data'], undefined>): JsonValue {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data as JsonValue
  return Object.fromEntries(Object.entries(data).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined))
}

function filePart(file: AnswerFile): MessageInitShape<typeof PartSchema> {
  const content = 'bytes' in file ? { case: 'raw' as const, value: file.bytes } : { case: 'url' as const, value: file.url }
  return { content, filename: file.name ?? '', mediaType: file.mediaType ?? '' }
}
