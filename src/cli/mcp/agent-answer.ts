import { enumToJson, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { ContentBlock } from '@modelcontextprotocol/server'
import {
  type Artifact,
  type Part,
  SendMessageResponseSchema,
  type StreamResponse,
  StreamResponseSchema,
  type TaskStatus,
  TaskState,
  TaskStateSchema
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** A file of an answer, without its bytes: those are in a content block of their own. */
export interface AnsweredFile {
  readonly name: string
  readonly mediaType: string
  readonly size?: number
  readonly url?: string
}

const BAD_ENDS: readonly (TaskState | undefined)[] = [TaskState.FAILED, TaskState.REJECTED, TaskState.CANCELED]

/** What an agent answers, put together from the responses of one call. */
export class AgentAnswer {
  #session = ''
  #task = ''
  #status: TaskStatus | undefined
  #message: readonly Part[] = []
  readonly #artifacts = new Map<string, Part[]>()

  /** Takes one response, which is ProtoJSON of A2A 1.0; says what is new in it, in words, or nothing. */
  take(response: JsonValue, streamed: boolean): string {
    const { payload } = streamed
      ? fromJson(StreamResponseSchema, response, { ignoreUnknownFields: true })
      : fromJson(SendMessageResponseSchema, response, { ignoreUnknownFields: true })
    return this.#take(payload)
  }

  /** A2A contextId. */
  get session(): string {
    return this.#session
  }

  /** A2A taskId; empty when the answer is just a message. */
  get task(): string {
    return this.#task
  }

  get state(): string | undefined {
    return this.#status === undefined ? undefined : String(enumToJson(TaskStateSchema, this.#status.state) ?? '')
  }

  /** The task did not reach its goal. */
  get failed(): boolean {
    return BAD_ENDS.includes(this.#status?.state)
  }

  /** The task can still be canceled. */
  get running(): boolean {
    const state = this.#status?.state
    return state === TaskState.SUBMITTED || state === TaskState.WORKING || state === TaskState.INPUT_REQUIRED || state === TaskState.AUTH_REQUIRED
  }

  get text(): string {
    return this.#parts().flatMap(textOf).join('\n')
  }

  get data(): JsonValue[] {
    return this.#parts().flatMap(({ content }) => (content.case === 'data' ? [toJson(ValueSchema, content.value)] : []))
  }

  get files(): AnsweredFile[] {
    return this.#parts().flatMap(({ content, filename: name, mediaType }): AnsweredFile[] =>
      content.case === 'raw' ? [{ name, mediaType, size: content.value.length }] : content.case === 'url' ? [{ name, mediaType, url: content.value }] : []
    )
  }

  /** As content of a tool's result, in the order of the answer; data only where there are no words, since it is structured content anyway. */
  content(): ContentBlock[] {
    const blocks = this.#parts().flatMap((part, index) => blockOf(part, index))
    return blocks.length > 0
      ? blocks
      : [{ type: 'text', text: this.data.length > 0 ? this.data.map((one) => JSON.stringify(one)).join('\n') : (this.state ?? '') }]
  }

  #parts(): readonly Part[] {
    const last = this.#status?.message?.parts ?? []
    // While a task works its status message is a sign of life; at the end, or when something is asked, it is part of the answer.
    const words = this.#status?.state === TaskState.WORKING || this.#status?.state === TaskState.SUBMITTED ? [] : last
    return [...this.#message, ...[...this.#artifacts.values()].flat(), ...words]
  }

  #take(payload: StreamResponse['payload']): string {
    switch (payload.case) {
      case 'message':
        this.#session = payload.value.contextId
        this.#message = payload.value.parts
        return words(payload.value.parts)
      case 'task': {
        const { id, contextId, status, artifacts } = payload.value
        this.#is(id, contextId, status)
        for (const artifact of artifacts) this.#artifact(artifact, false)
        return words(status?.message?.parts ?? []) || (this.state ?? '')
      }
      case 'statusUpdate':
        this.#is(payload.value.taskId, payload.value.contextId, payload.value.status)
        return words(payload.value.status?.message?.parts ?? []) || (this.state ?? '')
      case 'artifactUpdate':
        this.#task = payload.value.taskId
        this.#session = payload.value.contextId
        if (payload.value.artifact === undefined) return ''
        this.#artifact(payload.value.artifact, payload.value.append)
        return words(payload.value.artifact.parts)
      case undefined:
        return ''
    }
  }

  #is(task: string, session: string, status: TaskStatus | undefined): void {
    this.#task = task
    this.#session = session
    this.#status = status
  }

  #artifact({ artifactId, parts }: Artifact, append: boolean): void {
    const before = append ? (this.#artifacts.get(artifactId) ?? []) : []
    this.#artifacts.set(artifactId, [...before, ...parts])
  }
}

function textOf({ content }: Part): string[] {
  return content.case === 'text' ? [content.value] : []
}

function words(parts: readonly Part[]): string {
  return parts.flatMap(textOf).join('\n')
}

function blockOf({ content, filename, mediaType }: Part, index: number): ContentBlock[] {
  switch (content.case) {
    case 'text':
      return [{ type: 'text', text: content.value }]
    case 'url':
      return [{ type: 'resource_link', uri: content.value, name: filename || content.value, ...(mediaType === '' ? {} : { mimeType: mediaType }) }]
    case 'raw': {
      const data = Buffer.from(content.value).toString('base64')
      if (mediaType.startsWith('image/')) return [{ type: 'image', data, mimeType: mediaType }]
      if (mediaType.startsWith('audio/')) return [{ type: 'audio', data, mimeType: mediaType }]
      const uri = `hansa://answer/${index}/${encodeURIComponent(filename)}`
      return [{ type: 'resource', resource: { uri, blob: data, ...(mediaType === '' ? {} : { mimeType: mediaType }) } }]
    }
    default:
      return []
  }
}
