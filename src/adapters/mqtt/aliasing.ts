import { create, isMessage, type Message } from '@bufbuild/protobuf'
import type { Clock } from '../../ports/clock.ts'
import type { GatewayDoor, Principal } from '../../ports/gateway-door.ts'
import { HansaError } from '../../schema/errors.ts'
import {
  GetTaskRequestSchema,
  SendMessageRequestSchema,
  SendMessageResponseSchema,
  StreamResponseSchema,
  TaskSchema
} from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { type Operation, operations } from '../../wire/operations.ts'
import { placeOf, renameInResponse } from '../../wire/binding/mqtt-task-ids.ts'
import type { TaskAliases } from './task-aliases.ts'

/** Requesters of the profile make UUIDs. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The task IDs of one call, between the requester's words and the agent's. */
export interface Aliasing {
  /** What to call tasks towards the agent; a new task is called nothing. Asks the agent about an ID that is not known here. */
  begin(request: Message, signal: AbortSignal): Promise<(id: string) => string>
  /** Takes note of the tasks that an answer speaks of. */
  learn(response: Message): void
  /** What to call tasks towards the requester. */
  readonly back: (id: string) => string
  /** The agent's ID of the task that a repeated request began; undefined when it is not known. */
  snapshotRequest(request: Message): string | undefined
  /** That task as it is now, as an answer to `operation`. Throws what the door throws. */
  snapshot(operation: Operation, real: string, signal: AbortSignal): Promise<Message>
}

/**
 * The profile has requesters make the IDs of tasks, A2A the agents (A2A 3.4.3): a UUID in `message.taskId` that the agent does not know is an alias of the task that the
 * message begins.
 */
export function createAliasing(deps: {
  readonly door: GatewayDoor
  readonly aliases: TaskAliases
  readonly clock: Clock
  readonly principal: Principal
  readonly target: string
}): Aliasing {
  const { door, aliases, clock, principal, target } = deps
  const scope = `${principal.spiffeId}>${target}`
  let pending: string | undefined

  const forth = (id: string): string => aliases.realOf(scope, id, clock.monotonic()) ?? id
  const back = (id: string): string => aliases.nameOf(scope, id, clock.monotonic())

  async function getTask(id: string, signal: AbortSignal): Promise<Message | undefined> {
    let task: Message | undefined
    const message = create(GetTaskRequestSchema, { id, historyLength: 0 })
    for await (const response of door.call({ principal, target, operation: operations.GetTask, message, extensions: [], signal })) task = response
    return task
  }

  async function isNew(id: string, signal: AbortSignal): Promise<boolean> {
    const now = clock.monotonic()
    if (!UUID.test(id) || aliases.realOf(scope, id, now) !== undefined || aliases.isReal(scope, id, now)) return false
    try {
      await getTask(id, signal)
      return false
    } catch (thrown) {
      // An agent without tasks has not this one either.
      if (thrown instanceof HansaError && (thrown.code === 'TASK_NOT_FOUND' || thrown.code === 'UNSUPPORTED_OPERATION')) return true
      throw thrown
    }
  }

  return {
    back,
    async begin(request, signal) {
      const named = isMessage(request, SendMessageRequestSchema) ? request.message?.taskId : undefined
      if (named === undefined || named === '' || !(await isNew(named, signal))) return forth
      pending = named
      return (id) => (id === named ? '' : forth(id))
    },
    learn(response) {
      const { taskId } = placeOf(response)
      if (taskId === '') return
      aliases.learn(scope, taskId, pending === taskId ? undefined : pending, clock.monotonic())
      pending = undefined
    },
    snapshotRequest(request) {
      const named = isMessage(request, SendMessageRequestSchema) ? request.message?.taskId : undefined
      return named === undefined || named === '' ? undefined : aliases.realOf(scope, named, clock.monotonic())
    },
    async snapshot(operation, real, signal) {
      const task = await getTask(real, signal)
      if (task === undefined || !isMessage(task, TaskSchema)) throw new HansaError('INVALID_AGENT_RESPONSE', 'the agent answered GetTask without a task')
      const schema = operation.streaming ? StreamResponseSchema : SendMessageResponseSchema
      return renameInResponse(create(schema, { payload: { case: 'task', value: task } }), back)
    }
  }
}
