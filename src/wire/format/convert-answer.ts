import { clone, type DescMessage, isMessage, type Message as AnyMessage } from '@bufbuild/protobuf'
import { HansaError } from '../../schema/errors.ts'
import {
  type Artifact,
  ListTasksResponseSchema,
  type Message,
  MessageSchema,
  type Part,
  Role,
  type SendMessageRequest,
  SendMessageResponseSchema,
  StreamResponseSchema,
  type Task,
  TaskSchema
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type Conversion, convertParts } from './convert.ts'
import { formatOf, mediaTypeOf } from './detect.ts'

/** What the answer to a request should be in: what its sender says, otherwise what its own parts are in; empty means as the agent likes. */
export function acceptedAnswer(request: SendMessageRequest): readonly string[] {
  const said = request.configuration?.acceptedOutputModes ?? []
  if (said.length > 0) return said
  const own = (request.message?.parts ?? []).filter((part) => part.content.case !== 'text' && part.filename === '').map(mediaTypeOf)
  // Without parameters: the answer is another message than the question.
  return [...new Set(own.filter((type) => formatOf(type) !== undefined).map(({ essence }) => essence))]
}

/**
 * An answer of the agent's (Message, Task, SendMessageResponse, StreamResponse, ListTasksResponse) with its parts as its reader takes them; the same object when
 * nothing has to change. What the user said comes back in its own format too. A piece of an artifact that cannot be read by itself passes as it is, under
 * its own media type: it may be half a value. Throws CONTENT_TYPE_NOT_SUPPORTED, and INVALID_AGENT_RESPONSE for a broken value.
 */
export function convertAnswer<T extends AnyMessage>(answer: T, conversion: Omit<Conversion, 'direction'>): T {
  if (conversion.accepted.length === 0) return answer
  const schema = SCHEMAS.find((one) => isMessage(answer, one))
  if (schema === undefined) return answer
  const copy: AnyMessage = clone(schema, answer)
  return new Answer(conversion).convert(copy) ? (copy as T) : answer
}

const SCHEMAS: readonly DescMessage[] = [SendMessageResponseSchema, StreamResponseSchema, TaskSchema, MessageSchema, ListTasksResponseSchema]

/** Changes in place what is a copy already. */
class Answer {
  readonly #conversion: Omit<Conversion, 'direction'>

  constructor(conversion: Omit<Conversion, 'direction'>) {
    this.#conversion = conversion
  }

  /** True when something was changed. */
  convert(answer: AnyMessage): boolean {
    if (isMessage(answer, MessageSchema)) return this.#message(answer, 'message')
    if (isMessage(answer, TaskSchema)) return this.#task(answer, 'task')
    if (isMessage(answer, ListTasksResponseSchema)) return any(answer.tasks.map((task, index) => this.#task(task, `tasks[${index}]`)))
    if (!isMessage(answer, SendMessageResponseSchema) && !isMessage(answer, StreamResponseSchema)) return false
    const { payload } = answer
    switch (payload.case) {
      case 'message':
        return this.#message(payload.value, 'message')
      case 'task':
        return this.#task(payload.value, 'task')
      case 'statusUpdate':
        return this.#message(payload.value.status?.message, 'statusUpdate.status.message')
      case 'artifactUpdate':
        return this.#artifact(payload.value.artifact, 'artifactUpdate.artifact', true)
      default:
        return false
    }
  }

  #task(task: Task, place: string): boolean {
    return any([
      this.#message(task.status?.message, `${place}.status.message`),
      ...task.artifacts.map((artifact, index) => this.#artifact(artifact, `${place}.artifacts[${index}]`, false)),
      ...task.history.map((message, index) => this.#message(message, `${place}.history[${index}]`))
    ])
  }

  #message(message: Message | undefined, place: string): boolean {
    return message !== undefined && this.#parts(message, `${place}.parts`, message.role === Role.USER ? 'input' : 'output', false)
  }

  #artifact(artifact: Artifact | undefined, place: string, piece: boolean): boolean {
    return artifact !== undefined && this.#parts(artifact, `${place}.parts`, 'output', piece)
  }

  #parts(holder: { parts: Part[] }, place: string, direction: 'input' | 'output', piece: boolean): boolean {
    try {
      const { parts, changed } = convertParts(holder.parts, { ...this.#conversion, direction }, place)
      holder.parts = parts
      return changed
    } catch (thrown) {
      if (!(thrown instanceof HansaError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown
      if (piece) return false
      throw new HansaError('INVALID_AGENT_RESPONSE', `the agent answered with ${thrown.message}`, { ...thrown.metadata }, thrown)
    }
  }
}

function any(changes: readonly boolean[]): boolean {
  return changes.includes(true)
}
