import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { TaskOwners } from '../../../core/access/task-owners.ts'
import { formatHandle } from '../../../core/ids/agent-id.ts'
import { quote } from '../../../core/ids/domain.ts'
import type { Fragment } from '../../../ports/rpc.ts'
import { HansaError } from '../../../schema/errors.ts'
import * as a2a from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { taskAtHead } from '../../../wire/binding/task-head.ts'
import { fragmentsOf, readMessage } from '../../../wire/messages.ts'
import type { OperationName } from '../../../wire/operations.ts'
import type { Incoming } from './incoming.ts'
import type { RelayCall } from './relay-call.ts'

/** Requests that name a task hold an ID, a tenant and perhaps metadata. */
const MAX_TASK_REQUEST = 64 * 1024

/** One page of tasks with their artifacts: as much as any message. */
const MAX_TASK_LIST = 16 * 1024 * 1024

/** How each request that is about one task names it. */
const TASK_OF: Readonly<Partial<Record<OperationName, (request: Uint8Array) => string>>> = {
  GetTask: (bytes) => fromBinary(a2a.GetTaskRequestSchema, bytes).id,
  CancelTask: (bytes) => fromBinary(a2a.CancelTaskRequestSchema, bytes).id,
  SubscribeToTask: (bytes) => fromBinary(a2a.SubscribeToTaskRequestSchema, bytes).id,
  CreateTaskPushNotificationConfig: (bytes) => fromBinary(a2a.TaskPushNotificationConfigSchema, bytes).taskId,
  GetTaskPushNotificationConfig: (bytes) => fromBinary(a2a.GetTaskPushNotificationConfigRequestSchema, bytes).taskId,
  ListTaskPushNotificationConfigs: (bytes) => fromBinary(a2a.ListTaskPushNotificationConfigsRequestSchema, bytes).taskId,
  DeleteTaskPushNotificationConfig: (bytes) => fromBinary(a2a.DeleteTaskPushNotificationConfigRequestSchema, bytes).taskId
}

/**
 * The caller's side of a call to an attached agent, guarded: tasks that the answers speak of become the caller's, and only the owner of a task learns
 * anything of it. Agents rarely tell callers apart, and behind a gateway they all look alike (A2A 13.1). Throws TASK_NOT_FOUND.
 */
export async function guardTasks(owners: TaskOwners, call: RelayCall): Promise<Incoming> {
  const { name } = call.operation
  if (name === 'SendMessage' || name === 'SendStreamingMessage') return learning(owners, call)
  const taskOf = TASK_OF[name]
  if (name === 'SubscribeToTask' && taskOf !== undefined) return learning(owners, { ...call, incoming: await checking(owners, call, taskOf) })
  if (taskOf !== undefined) return checking(owners, call, taskOf)
  if (name === 'ListTasks') return filtering(owners, call)
  return call.incoming
}

function learning(owners: TaskOwners, { incoming, principal, target, path }: RelayCall): Incoming {
  const agent = formatHandle(target)
  let begins = true
  return over(incoming, {
    write(fragment) {
      const task = begins ? taskAtHead(fragment.bytes) : undefined
      if (task !== undefined) owners.learn(agent, task.id, { principal, path, state: task.state })
      begins = fragment.last
      return incoming.write(fragment)
    }
  })
}

async function checking(owners: TaskOwners, call: RelayCall, taskOf: (request: Uint8Array) => string): Promise<Incoming> {
  const { incoming, principal, target } = call
  const bytes = await readMessage(incoming, MAX_TASK_REQUEST)
  const task = bytes === undefined ? '' : decode(() => taskOf(bytes))
  const agent = formatHandle(target)
  const known = owners.find(agent, task, principal)
  if (bytes === undefined || known === undefined) throw new HansaError('TASK_NOT_FOUND', `${agent} has no task ${quote(task)} of yours`)
  call.task = known
  const again = fragmentsOf(bytes)
  return over(incoming, {
    read() {
      const next = again.next()
      return next.done ? incoming.read() : Promise.resolve(next.value)
    }
  })
}

/** Cursors stay the agent's: a page may come out short, the next one is asked for as usual. */
function filtering(owners: TaskOwners, { incoming, principal, target }: RelayCall): Incoming {
  const agent = formatHandle(target)
  const parts: Fragment[] = []
  let size = 0
  return over(incoming, {
    async write(fragment) {
      size += fragment.bytes.length
      if (size > MAX_TASK_LIST) throw new HansaError('FRAME_TOO_LARGE', `a list of tasks of more than ${MAX_TASK_LIST} bytes`, { bound: MAX_TASK_LIST })
      parts.push(fragment)
      if (!fragment.last) return
      const bytes = await readMessage({ read: () => Promise.resolve(parts.shift()) }, MAX_TASK_LIST)
      const list = decode(() => fromBinary(a2a.ListTasksResponseSchema, bytes ?? new Uint8Array()))
      const tasks = list.tasks.filter(({ id }) => owners.find(agent, id, principal) !== undefined)
      const own = create(a2a.ListTasksResponseSchema, { tasks, nextPageToken: list.nextPageToken, pageSize: list.pageSize, totalSize: tasks.length })
      for (const part of fragmentsOf(toBinary(a2a.ListTasksResponseSchema, own))) await incoming.write(part)
    }
  })
}

function over(incoming: Incoming, instead: Partial<Pick<Incoming, 'read' | 'write'>>): Incoming {
  return {
    read: instead.read ?? (() => incoming.read()),
    write: instead.write ?? ((fragment) => incoming.write(fragment)),
    finish: () => incoming.finish?.() ?? Promise.resolve(),
    setTrailer: (bytes) => incoming.setTrailer(bytes),
    signal: incoming.signal,
    timeoutMs: incoming.timeoutMs,
    traceparent: incoming.traceparent
  }
}

function decode<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new HansaError('MALFORMED', 'a message about tasks that cannot be decoded', {}, cause)
  }
}
