import { create, fromBinary } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { EXTENSIONS } from '../../../../core/ids/extension-uris.ts'
import { type InboxItem, InboxState } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { Role, type SendMessageResponse, SendMessageResponseSchema, type Task, TaskSchema, TaskState } from '../../../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** State of the task, and the words for people. */
interface Shown {
  readonly state: TaskState
  readonly name: string
  readonly text: (agent: string, reason: string) => string
}

/** A newer version of this gateway wrote it. */
const UNKNOWN: Shown = { state: TaskState.UNSPECIFIED, name: 'unknown', text: (agent) => `Nobody here knows what has become of the message for ${agent}.` }

const SHOWN: Readonly<Partial<Record<number, Shown>>> = {
  [InboxState.WAITING]: {
    state: TaskState.SUBMITTED,
    name: 'waiting',
    text: (agent) => `${agent} is offline. The message waits at its gateway and is delivered when it is back.`
  },
  [InboxState.DELIVERING]: { state: TaskState.WORKING, name: 'delivering', text: (agent) => `${agent} is back, and the message is being delivered.` },
  [InboxState.DELIVERED]: { state: TaskState.COMPLETED, name: 'delivered', text: (agent) => `The message was delivered, and ${agent} has answered.` },
  [InboxState.EXPIRED]: { state: TaskState.FAILED, name: 'expired', text: (agent) => `The message expired before ${agent} was back; it was not delivered.` },
  [InboxState.REFUSED]: { state: TaskState.REJECTED, name: 'refused', text: (_, reason) => `The message was not delivered: ${reason}` },
  [InboxState.CANCELED]: { state: TaskState.CANCELED, name: 'canceled', text: (_, reason) => `The message was not delivered: ${reason}` }
}

/** As a delivery that was tried may have reached the agent, nobody says of such a message that it was not delivered. */
function textOf(shown: Shown, { state, agent, attempts, error }: InboxItem): string {
  const unsure = `nobody knows whether ${agent} has had it: it was tried, and not answered.`
  if (attempts > 0 && state === InboxState.EXPIRED) return `The message expired, and ${unsure}`
  if (attempts > 0 && state === InboxState.CANCELED) return `The message is not delivered any more, and ${unsure} ${error?.message ?? ''}`
  return shown.text(agent, error?.message ?? '')
}

export function inboxStateName(state: InboxState): string {
  return (SHOWN[state] ?? UNKNOWN).name
}

/** Codes of failures that are nobody's refusal: the agent had the message, or may have had it. */
const FAILED = new Set(['OUTCOME_UNKNOWN', 'AGENT_FAILED', 'CONNECTION_LOST', 'DEADLINE_EXCEEDED', 'INTERNAL', 'INVALID_AGENT_RESPONSE'])

/**
 * What a sender reads of its message: an A2A task. `answer` is the encoded SendMessageResponse of the agent, once there is one; a message becomes the task's
 * artifact, a task lends the receipt its state, artifacts and status as they were when it was last seen, and is named in the metadata.
 */
export function receiptOf(item: InboxItem, answer: Uint8Array | undefined): Task {
  const { id, agent, error } = item
  const shown = SHOWN[item.state] ?? UNKNOWN
  const state = item.state === InboxState.REFUSED && FAILED.has(error?.code ?? '') ? TaskState.FAILED : shown.state
  const text = item.state === InboxState.DELIVERED && answer === undefined ? `${shown.text(agent, '')} ${tooLarge(item)}` : textOf(shown, item)
  const metadata = {
    state: shown.name,
    expiresAt: new Date(Number(item.expiresAt)).toISOString(),
    attempts: item.attempts,
    ...(error === undefined ? {} : { reason: error.code })
  }
  const receipt = create(TaskSchema, {
    id,
    contextId: item.contextId || id,
    status: {
      state,
      timestamp: timestampFromMs(Number(item.endedAt || item.receivedAt)),
      message: {
        messageId: `${id}.${shown.name}`,
        role: Role.AGENT,
        taskId: id,
        contextId: item.contextId || id,
        parts: [{ content: { case: 'text', value: text } }]
      }
    },
    metadata: { [EXTENSIONS.inbox]: metadata }
  })
  const said = answer === undefined ? undefined : decodeAnswer(answer)
  if (said?.payload.case === 'message') {
    const { parts, metadata: of, extensions, messageId } = said.payload.value
    receipt.artifacts = create(TaskSchema, { artifacts: [{ artifactId: messageId || 'answer', name: 'answer', parts, metadata: of, extensions }] }).artifacts
    if (said.payload.value.contextId !== '') receipt.contextId = said.payload.value.contextId
  } else if (said?.payload.case === 'task') {
    const task = said.payload.value
    receipt.artifacts = task.artifacts
    receipt.contextId = task.contextId || receipt.contextId
    if (task.status !== undefined) receipt.status = task.status
    receipt.metadata = { [EXTENSIONS.inbox]: { ...metadata, taskId: task.id } }
  }
  return receipt
}

function tooLarge({ responseBytes }: InboxItem): string {
  return `Its answer of ${responseBytes} bytes was too large to be kept.`
}

/** A task may be nested as deeply as the wire allows (100), and lies one deeper in what is kept of it. */
const MAX_DEPTH = 128

/** Undefined for what cannot be read. */
export function decodeAnswer(bytes: Uint8Array): SendMessageResponse | undefined {
  try {
    return fromBinary(SendMessageResponseSchema, bytes, { recursionLimit: MAX_DEPTH })
  } catch {
    return undefined
  }
}
