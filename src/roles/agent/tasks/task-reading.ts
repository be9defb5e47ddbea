import { create, type JsonObject, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { Sha256 } from '../../../core/crypto.ts'
import { hex } from '../../../core/ids/hex.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type OutputFile, OutputFileSchema, type StepOutput, StepOutputSchema } from '../../../schema/generated/hansa/v1/task_pb.ts'
import {
  type Artifact,
  type Message,
  MessageSchema,
  type Part,
  PartSchema,
  type SendMessageResponse,
  type StreamResponse,
  type Task,
  TaskState,
  type TaskStatus
} from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { isSettled } from '../../../wire/task-states.ts'

/** Text and data of one step: what is written into its row, and read again as a whole. */
const MAX_TEXT_AND_DATA = 1024 * 1024
/** As large as a message may be. */
const MAX_FILE = 16 * 1024 * 1024
/** All that a task may put out while it is read; an endless stream ends here. */
const MAX_BYTES = 64 * 1024 * 1024
const MAX_PARTS = 10_000
const MAX_NAME = 255
/** A word on how it goes, not a text. */
const MAX_PROGRESS = 500

/** What a task put out, and the bytes of its files by their hash in hex. */
export interface Output {
  readonly output: StepOutput
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What an agent answers to one message, read piece by piece. Everything in it is a stranger's: bounded here. */
export class TaskReading {
  #taskId: string
  #contextId = ''
  #state: TaskState | undefined
  #said: Message | undefined
  #message: Message | undefined
  #artifacts = new Map<string, Part[]>()
  #bytes = 0
  #parts = 0

  /** `taskId`: the task if it is known already; otherwise empty. */
  constructor(taskId = '') {
    this.#taskId = taskId
  }

  /** Empty while the agent has told of none. */
  get taskId(): string {
    return this.#taskId
  }

  get contextId(): string {
    return this.#contextId
  }

  /** COMPLETED also for an answer that is a message. */
  get state(): TaskState | undefined {
    return this.#message === undefined ? this.#state : TaskState.COMPLETED
  }

  /** The agent says no more of its own accord. */
  get settled(): boolean {
    return isSettled(this.state)
  }

  /** What the agent asks with its last state: it is written into the step's row. Throws FRAME_TOO_LARGE. */
  question(): Message {
    const { taskId, contextId } = this
    const question = this.#said ?? create(MessageSchema, { taskId, contextId })
    const size = toBinary(MessageSchema, question).length
    if (size > MAX_TEXT_AND_DATA) throw new HansaError('FRAME_TOO_LARGE', `a question of ${size} bytes`, { bound: MAX_TEXT_AND_DATA })
    return question
  }

  /** ID of what the agent said with its last state; empty when it said nothing. */
  get saidId(): string {
    return this.#said?.messageId ?? ''
  }

  /** The words of that. */
  get progress(): string {
    return textOf(this.#said?.parts ?? []).slice(0, MAX_PROGRESS)
  }

  /** Throws INVALID_AGENT_RESPONSE for what is too much, or of another task. */
  take({ payload }: StreamResponse | SendMessageResponse): void {
    switch (payload.case) {
      case 'task':
        return this.takeTask(payload.value)
      case 'message':
        this.#count(payload.value.parts)
        this.#message = payload.value
        return
      case 'statusUpdate':
        this.#belongs(payload.value.taskId, payload.value.contextId)
        return this.#takeStatus(payload.value.status)
      case 'artifactUpdate': {
        this.#belongs(payload.value.taskId, payload.value.contextId)
        const { artifact, append } = payload.value
        if (artifact === undefined) return
        this.#countArtifact(artifact)
        const before = append ? this.#artifacts.get(artifact.artifactId) : undefined
        if (before === undefined) this.#artifacts.set(artifact.artifactId, [...artifact.parts])
        else before.push(...artifact.parts)
        return
      }
      case undefined:
        throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with nothing')
    }
  }

  /** The task as a whole, in place of what was known. */
  takeTask({ id, contextId, status, artifacts }: Task): void {
    this.#belongs(id, contextId)
    this.#bytes = 0
    this.#parts = 0
    for (const artifact of artifacts) this.#countArtifact(artifact)
    this.#artifacts = new Map(artifacts.map(({ artifactId, parts }, index) => [artifactId === '' ? `#${index}` : artifactId, [...parts]]))
    this.#takeStatus(status)
  }

  /** The same message starts anew: what a lost task had put out does not count. */
  forget(): void {
    this.#taskId = ''
    this.#state = undefined
    this.#said = undefined
    this.#artifacts.clear()
  }

  /** All of it. Throws FRAME_TOO_LARGE for what is larger than a step may keep. */
  output(sha256: Sha256): Output {
    const artifacts = [...this.#artifacts.values()]
    const words = this.#message === undefined ? [] : [this.#message.parts]
    // Who puts out artifacts says in the message of the state what the weather was like: its words count where there are no others.
    const last = this.#said === undefined ? [] : [this.#said.parts]
    const text = [...artifacts, ...words].map(textOf).filter(Boolean).join('\n') || last.map(textOf).join('\n')
    const parts = [...artifacts, ...words, ...last].flat()
    const data = Object.fromEntries(parts.flatMap(entriesOf)) as JsonObject
    const size = new TextEncoder().encode(text + JSON.stringify(data)).length
    if (size > MAX_TEXT_AND_DATA) throw new HansaError('FRAME_TOO_LARGE', `an answer with ${size} bytes of text and data`, { bound: MAX_TEXT_AND_DATA })
    const files = new Map<string, Uint8Array>()
    const named = parts.flatMap((part) => fileOf(part, sha256, files))
    return { output: create(StepOutputSchema, { text, ...(Object.keys(data).length === 0 ? {} : { data }), files: named }), files }
  }

  #takeStatus(status: TaskStatus | undefined): void {
    if (status === undefined) return
    this.#count(status.message?.parts ?? [])
    this.#state = status.state
    this.#said = status.message
  }

  #belongs(taskId: string, contextId: string): void {
    if (taskId === '' || taskId.length > 512) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with a task without a proper name')
    if (this.#taskId !== '' && taskId !== this.#taskId) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered with another task than asked for')
    this.#taskId = taskId
    if (contextId.length <= 512) this.#contextId = contextId
  }

  /** Its name takes room as well, and an artifact without parts is one to be remembered all the same. */
  #countArtifact({ artifactId, parts }: Artifact): void {
    this.#bytes += artifactId.length
    this.#parts++
    this.#count(parts)
  }

  #count(parts: readonly Part[]): void {
    this.#parts += parts.length
    for (const part of parts) this.#bytes += sizeOf(part)
    if (this.#parts > MAX_PARTS || this.#bytes > MAX_BYTES)
      throw new HansaError('FRAME_TOO_LARGE', `the agent puts out more than ${MAX_BYTES} bytes or ${MAX_PARTS} parts`, { bound: MAX_BYTES })
  }
}

/** About, and at least, what it takes in memory: encoding long texts only to measure them would cost more than to keep them. */
function sizeOf(part: Part): number {
  const { content, filename, mediaType, metadata } = part
  if (metadata === undefined && (content.case === 'raw' || content.case === 'text' || content.case === 'url'))
    return content.value.length + filename.length + mediaType.length
  return toBinary(PartSchema, part).length
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap(({ content }) => (content.case === 'text' ? [content.value] : [])).join('')
}

function entriesOf({ content }: Part): [string, JsonValue][] {
  if (content.case !== 'data') return []
  const value = toJson(ValueSchema, content.value)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}

function fileOf(part: Part, sha256: Sha256, files: Map<string, Uint8Array>): OutputFile[] {
  const name = part.filename.slice(0, MAX_NAME)
  const mediaType = part.mediaType.slice(0, MAX_NAME)
  if (part.content.case === 'url') {
    if (part.content.value.length > 4096) throw new HansaError('FRAME_TOO_LARGE', 'a file with an address of more than 4096 characters', { bound: 4096 })
    return [create(OutputFileSchema, { name, mediaType, url: part.content.value })]
  }
  if (part.content.case !== 'raw') return []
  const bytes = part.content.value
  if (bytes.length > MAX_FILE) throw new HansaError('FRAME_TOO_LARGE', `a file of ${bytes.length} bytes`, { bound: MAX_FILE })
  const hash = sha256(bytes)
  files.set(hex(hash), bytes)
  return [create(OutputFileSchema, { name, mediaType, sha256: hash, size: BigInt(bytes.length) })]
}
