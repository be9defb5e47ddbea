import { create, isMessage, type Message as AnyMessage, toBinary } from '@bufbuild/protobuf'
import * as a2a from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { decode } from '../../../../wire/decode.ts'
import type { Operation } from '../../../../wire/operations.ts'
import { isSettled } from '../../../../wire/task-states.ts'
import { declaredLanguage } from '../../../../wire/translation-request.ts'
import type { Adapter } from './adapt-incoming.ts'
import { ChunkedText } from './chunked-text.ts'
import type { FormatWork } from './format-work.ts'
import type { LanguageWork } from './language-work.ts'

export interface MessageWork {
  readonly operation: Operation
  readonly language?: {
    /** For the caller's message; absent when that is not translated here. */
    readonly request?: LanguageWork
    /** For answers about a task (empty: none yet), or undefined when they are not translated here. */
    readonly answers: (task: string) => LanguageWork | undefined
  }
  readonly format?: FormatWork
  /** A task that an answer is about, with the language that its owner reads. */
  readonly learn: (task: string, language: string) => void
}

/** The second phase of collaboration (draft 3.3.2): contents adapted, messages packed again. Everything that is no content stays as it was. */
export function messageAdapter(work: MessageWork): Adapter {
  const { operation, language, format } = work
  const chunks = new ChunkedText()
  const sends = operation.name === 'SendMessage' || operation.name === 'SendStreamingMessage'

  async function request(bytes: Uint8Array): Promise<Uint8Array> {
    const sent = decode(operation.request, bytes)
    if (!isMessage(sent, a2a.SendMessageRequestSchema) || sent.message === undefined) return bytes
    await language?.request?.request(sent.message)
    // Last: texts are found in JSON, not in the format of the target.
    format?.request(sent)
    return toBinary(operation.request, sent)
  }

  async function holder(of: a2a.Message | a2a.Artifact | undefined, about: string): Promise<void> {
    if (of === undefined) return
    await language?.answers(about)?.answer(of.parts, declaredLanguage(of.metadata))
  }

  async function task(of: a2a.Task): Promise<void> {
    learn(of.id)
    await holder(of.status?.message, of.id)
    for (const artifact of of.artifacts) await holder(artifact, of.id)
    for (const message of of.history) {
      if (message.role === a2a.Role.USER) language?.answers(of.id)?.restore(message.parts)
      else await holder(message, of.id)
    }
  }

  function learn(id: string): void {
    const reply = language?.answers(id)?.reply
    if (reply !== undefined && id !== '') work.learn(id, reply)
  }

  async function answer(message: AnyMessage): Promise<AnyMessage[]> {
    if (isMessage(message, a2a.StreamResponseSchema)) return event(message)
    if (isMessage(message, a2a.SendMessageResponseSchema)) {
      if (message.payload.case === 'task') await task(message.payload.value)
      else if (message.payload.case === 'message') await holder(message.payload.value, message.payload.value.taskId)
    } else if (isMessage(message, a2a.TaskSchema)) await task(message)
    else if (isMessage(message, a2a.ListTasksResponseSchema)) for (const each of message.tasks) await task(each)
    return [message]
  }

  async function event(message: a2a.StreamResponse): Promise<AnyMessage[]> {
    const { payload } = message
    switch (payload.case) {
      case 'task':
        await task(payload.value)
        return [message]
      case 'message':
        await holder(payload.value, payload.value.taskId)
        return [message]
      case 'statusUpdate': {
        learn(payload.value.taskId)
        await holder(payload.value.status?.message, payload.value.taskId)
        const over = isSettled(payload.value.status?.state)
        return over ? [...(await rest()), message] : [message]
      }
      case 'artifactUpdate': {
        learn(payload.value.taskId)
        const whole = language?.answers(payload.value.taskId) !== undefined ? chunks.take(payload.value) : payload.value
        return whole === undefined ? [] : [await artifactEvent(whole)]
      }
      case undefined:
        return [message]
    }
  }

  async function artifactEvent(update: a2a.TaskArtifactUpdateEvent): Promise<a2a.StreamResponse> {
    await holder(update.artifact, update.taskId)
    return create(a2a.StreamResponseSchema, { payload: { case: 'artifactUpdate', value: update } })
  }

  async function rest(): Promise<a2a.StreamResponse[]> {
    const events: a2a.StreamResponse[] = []
    for (const update of chunks.flush()) events.push(await artifactEvent(update))
    return events
  }

  const adaptsRequest = sends && (format !== undefined || language?.request !== undefined)
  const adaptsAnswers = format !== undefined || language !== undefined
  return {
    ...(adaptsRequest ? { request } : {}),
    ...(adaptsAnswers
      ? {
          response: async (bytes: Uint8Array) => {
            const message = decode(operation.response, bytes)
            return (await answer(format?.answer(message) ?? message)).map((each) => toBinary(operation.response, each))
          },
          end: async () => (await rest()).map((each) => toBinary(operation.response, each))
        }
      : {})
  }
}
