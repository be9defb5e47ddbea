import { create, isMessage, type Message } from '@bufbuild/protobuf'
import { createTaskOwners } from '../../core/access/task-owners.ts'
import { quote } from '../../core/ids/domain.ts'
import { HansaError } from '../../schema/errors.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

/** As at a gateway. */
const BOUNDS = { perPrincipal: 20_000, total: 100_000 }

/** A node has one agent. */
const AGENT = 'self'

/**
 * Tasks belong to whom they were begun for (A2A 13.1). Agents rarely tell callers apart, and all calls for an agent come through its node: also those of agents of its own
 * domain that pass no gateway, and messages that go on with a task, which no gateway decodes. What is forgotten or was never seen belongs to nobody.
 */
export class TaskGuard {
  readonly #owners = createTaskOwners(BOUNDS)
  readonly #recorded: (task: string) => string | undefined

  /** `recorded` tells whose task it is by what outlives this process; undefined where it says nothing. */
  constructor(recorded: (task: string) => string | undefined = () => undefined) {
    this.#recorded = recorded
  }

  /** Throws TASK_NOT_FOUND for a request about a task that is not the principal's. */
  check(request: Message, principal: string): void {
    for (const task of tasksOf(request)) if (!this.#owns(task, principal)) throw new HansaError('TASK_NOT_FOUND', `there is no task ${quote(task)} of yours`)
  }

  /** What the principal may see of an answer; tasks that a message began become the principal's. */
  pass(request: Message, response: Message, principal: string): Message {
    if (isMessage(response, a2a.ListTasksResponseSchema)) {
      const tasks = response.tasks.filter(({ id }) => this.#owns(id, principal))
      return create(a2a.ListTasksResponseSchema, { ...response, tasks, totalSize: tasks.length })
    }
    const task = isMessage(request, a2a.SendMessageRequestSchema) ? taskOfResponse(response) : undefined
    if (task !== undefined && task !== '' && (this.#recorded(task) ?? principal) === principal)
      this.#owners.learn(AGENT, task, { principal, path: [], state: 0 })
    return response
  }

  #owns(task: string, principal: string): boolean {
    return this.#owners.find(AGENT, task, principal) !== undefined || this.#recorded(task) === principal
  }
}

/** Every task that a request is about or refers to; none for a message that begins one. */
function tasksOf(request: Message): string[] {
  if (isMessage(request, a2a.SendMessageRequestSchema)) {
    const { taskId = '', referenceTaskIds = [] } = request.message ?? {}
    return [...(taskId === '' ? [] : [taskId]), ...referenceTaskIds]
  }
  if (isMessage(request, a2a.GetTaskRequestSchema) || isMessage(request, a2a.CancelTaskRequestSchema) || isMessage(request, a2a.SubscribeToTaskRequestSchema))
    return [request.id]
  if (
    isMessage(request, a2a.TaskPushNotificationConfigSchema) ||
    isMessage(request, a2a.GetTaskPushNotificationConfigRequestSchema) ||
    isMessage(request, a2a.ListTaskPushNotificationConfigsRequestSchema) ||
    isMessage(request, a2a.DeleteTaskPushNotificationConfigRequestSchema)
  )
    return [request.taskId]
  return []
}

function taskOfResponse(response: Message): string | undefined {
  if (!isMessage(response, a2a.SendMessageResponseSchema) && !isMessage(response, a2a.StreamResponseSchema)) return undefined
  switch (response.payload.case) {
    case 'task':
      return response.payload.value.id
    case 'statusUpdate':
    case 'artifactUpdate':
      return response.payload.value.taskId
    case 'message':
    case undefined:
      return undefined
  }
}
