import { clone, create, type DescMessage, type Message, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf'
import { EXTENSIONS } from '../../src/core/ids/extension-uris.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { FoundAgent } from '../../src/roles/agent/discovery.ts'
import { type Outgoing, outgoingRequest } from '../../src/roles/agent/outgoing-request.ts'
import type { ResponseStream } from '../../src/roles/agent/swarm-client.ts'
import type { TaskSwarm } from '../../src/roles/agent/tasks/attempt-deps.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { AgentRecordSchema, AgentStatus } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import * as a2a from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { isSettled, isTerminal } from '../../src/wire/task-states.ts'

type Part = MessageInitShape<typeof a2a.PartSchema>

/** What an agent of the world does with a message. */
export interface Deed {
  /** Fake milliseconds; 0: at once. */
  readonly ms?: number
  /** Answers with a message, not with a task. */
  readonly plain?: boolean
  readonly end?: 'completed' | 'failed' | 'rejected'
  /** Asks first, and ends when it has been answered. */
  readonly ask?: string
  /** Asks that, too, when the first question has been answered. */
  readonly askAgain?: string
  readonly progress?: string
  readonly parts?: readonly Part[]
  /** Does not stop when it is told to. */
  readonly stubborn?: boolean
}

export interface WorldAgent {
  readonly handle: string
  readonly capability: string
  readonly idempotent?: boolean
  readonly streaming?: boolean
  readonly languages?: readonly string[]
  online?: boolean
  /** Its own node says that it has lost the connection: before it has taken a message, or after. Each counts down. */
  loseBefore?: number
  loseAfter?: number
  /** So many calls are refused by its gateway, which has too much to do. */
  busy?: number
  readonly deed?: (message: a2a.Message, agent: string) => Deed
}

interface Work {
  readonly handle: string
  readonly task: a2a.Task
  readonly messageId: string
  readonly deed: Deed
  plain: a2a.Message | undefined
  /** IDs of the messages that have answered its questions. */
  readonly answers: string[]
  watchers: Set<() => void>
}

/** Agents without a network: what `SwarmClient` would show of them, on a fake clock. Counts what has been worked on. */
export class TaskWorld {
  readonly agents = new Map<string, WorldAgent>()
  /** Message IDs in the order in which agents began to work on them; an agent that does not honour them may have one twice. */
  readonly worked: string[] = []
  /** Message IDs whose work came to a good end. */
  readonly done: string[] = []
  readonly canceled: string[] = []
  finds = 0
  sends = 0
  readonly #clock: Pick<Clock, 'after'>
  readonly #works = new Map<string, Work>()
  readonly #byMessage = new Map<string, Work>()
  #tasks = 0

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  add(agent: WorldAgent): WorldAgent {
    this.agents.set(agent.handle, agent)
    return agent
  }

  /** A process that is gone: its calls end, and no more come. */
  swarm(life = new AbortController()): TaskSwarm & { die(): void } {
    const alive = () => {
      if (life.signal.aborted) throw new HansaError('CANCELED', 'this process is dead')
    }
    return {
      die: () => life.abort(),
      find: async ({ capabilities = [] }) => {
        alive()
        this.finds++
        const agents = [...this.agents.values()].filter(({ online = true, capability }) => online && capabilities.every((one) => within(capability, one)))
        return { agents: agents.map((agent) => found(agent)), asked: [], complete: true, via: 'spiffe://north.example/agw/gw', refused: [] }
      },
      resolve: async (handle) => {
        alive()
        const agent = this.agents.get(handle)
        if (agent === undefined) throw new HansaError('AGENT_NOT_FOUND', `nobody knows ${handle}`)
        return { ...found(agent), source: 'local', via: 'spiffe://north.example/ars/hub' }
      },
      send: async (handle, message, options = {}) => {
        alive()
        const work = this.#take(handle, requestOf(message), options.extensions)
        const returnImmediately = typeof message === 'object' && 'request' in message && message.request.configuration?.returnImmediately === true
        if (!returnImmediately || work.deed.plain === true) await this.#until(work, () => isSettled(work.task.status?.state), options.signal, life.signal)
        this.#after(handle)
        const payload =
          work.plain === undefined ? { case: 'task' as const, value: clone(a2a.TaskSchema, work.task) } : { case: 'message' as const, value: work.plain }
        return { response: create(a2a.SendMessageResponseSchema, { payload }), hops: [], direct: true, translations: [], receipt: undefined }
      },
      stream: (handle, message, options = {}) =>
        this.#stream(handle, options.signal, life.signal, () => {
          alive()
          return this.#take(handle, requestOf(message), options.extensions)
        }),
      subscribe: (handle, taskId, options = {}) =>
        this.#stream(handle, options.signal, life.signal, () => {
          alive()
          const work = this.#find(handle, taskId)
          if (isTerminal(work.task.status?.state)) throw new HansaError('UNSUPPORTED_OPERATION', 'it has ended', { at: spiffeId(handle) })
          return work
        }),
      invoke: async <S extends DescMessage>(handle: string, operation: string, _: S, request: Message) => {
        alive()
        const { id } = request as a2a.GetTaskRequest | a2a.CancelTaskRequest
        const work = this.#find(handle, id)
        if (operation === 'CancelTask') {
          if (isTerminal(work.task.status?.state)) throw new HansaError('TASK_NOT_CANCELABLE', 'it has ended', { at: spiffeId(handle) })
          if (work.deed.stubborn !== true) {
            this.canceled.push(work.messageId)
            this.#status(work, a2a.TaskState.CANCELED)
          }
        }
        return clone(a2a.TaskSchema, work.task) as unknown as MessageShape<S>
      }
    }
  }

  /** Agents' nodes have no more room for what they have been sent. */
  forgetMessages(): void {
    this.#byMessage.clear()
  }

  /** The process of an agent starts anew without its tasks; one that is idempotent knows which messages it had. */
  forget(handle: string): void {
    for (const [id, work] of this.#works) {
      if (work.handle !== handle) continue
      this.#works.delete(id)
      for (const wake of [...work.watchers]) wake()
    }
  }

  /** As agents' nodes do, it knows the double only of who asks for that. */
  #take(handle: string, message: a2a.Message, extensions: readonly string[] = []): Work {
    this.sends++
    const agent = this.#reach(handle)
    if ((agent.loseBefore ?? 0) > 0) {
      agent.loseBefore = (agent.loseBefore ?? 0) - 1
      throw new HansaError('CONNECTION_LOST', 'the connection broke', { at: spiffeId(handle) })
    }
    const { messageId } = message
    const honoured = (agent.idempotent ?? true) && extensions.includes(EXTENSIONS.idempotency)
    const asked = this.#works.get(message.taskId)
    if (asked !== undefined) {
      if (honoured && asked.answers.includes(messageId)) return asked
      if (asked.task.status?.state === a2a.TaskState.INPUT_REQUIRED) {
        const { askAgain } = asked.deed
        asked.answers.push(messageId)
        if (askAgain !== undefined && asked.answers.length === 1) this.#status(asked, a2a.TaskState.INPUT_REQUIRED, askAgain)
        else this.#end(asked, handle)
      }
      return asked
    }
    const key = `${handle} ${messageId}`
    const before = honoured ? this.#byMessage.get(key) : undefined
    if (before !== undefined) {
      if (!this.#works.has(before.task.id)) throw new HansaError('OUTCOME_UNKNOWN', 'this process does not know what became of it', { at: spiffeId(handle) })
      return before
    }
    this.worked.push(messageId)
    const deed = agent.deed?.(message, handle) ?? {}
    const id = `task-${++this.#tasks}`
    const task = create(a2a.TaskSchema, { id, contextId: message.contextId, status: { state: a2a.TaskState.WORKING } })
    const work: Work = { handle, task, messageId, deed, plain: undefined, answers: [], watchers: new Set() }
    this.#works.set(id, work)
    this.#byMessage.set(key, work)
    if (deed.progress !== undefined) this.#status(work, a2a.TaskState.WORKING, deed.progress)
    const finish = () => (deed.ask === undefined ? this.#end(work, handle) : this.#status(work, a2a.TaskState.INPUT_REQUIRED, deed.ask))
    if ((deed.ms ?? 0) > 0) this.#clock.after(deed.ms ?? 0, finish)
    else finish()
    return work
  }

  #end(work: Work, handle: string): void {
    if (isTerminal(work.task.status?.state)) return
    const { end = 'completed', parts = [{ content: { case: 'text', value: `done by ${handle}` } }], plain = false } = work.deed
    if (end !== 'completed') return this.#status(work, end === 'failed' ? a2a.TaskState.FAILED : a2a.TaskState.REJECTED, `${handle} cannot`)
    this.done.push(work.messageId)
    if (plain) work.plain = create(a2a.MessageSchema, { messageId: `${work.messageId}-answer`, role: a2a.Role.AGENT, parts: [...parts] })
    work.task.artifacts.push(create(a2a.ArtifactSchema, { artifactId: 'a', parts: [...parts] }))
    this.#status(work, a2a.TaskState.COMPLETED)
  }

  #status(work: Work, state: a2a.TaskState, text?: string): void {
    const message =
      text === undefined ? undefined : { messageId: `${work.task.id}-${state}-${text}`, parts: [{ content: { case: 'text' as const, value: text } }] }
    work.task.status = create(a2a.TaskStatusSchema, { state, ...(message === undefined ? {} : { message }) })
    for (const wake of [...work.watchers]) wake()
  }

  #reach(handle: string): WorldAgent {
    const agent = this.agents.get(handle)
    const gateway = { at: 'spiffe://north.example/agw/gw', agent: handle }
    if (agent === undefined) throw new HansaError('AGENT_NOT_FOUND', `nobody knows ${handle}`, gateway)
    if (agent.online === false) throw new HansaError('AGENT_UNREACHABLE', `${handle} cannot be reached from its gateway`, gateway)
    if ((agent.busy ?? 0) > 0) {
      agent.busy = (agent.busy ?? 0) - 1
      throw new HansaError('TOO_MANY_CALLS', 'too many calls are open', gateway)
    }
    return agent
  }

  #after(handle: string): void {
    const agent = this.agents.get(handle)
    if (agent === undefined || (agent.loseAfter ?? 0) <= 0) return
    agent.loseAfter = (agent.loseAfter ?? 0) - 1
    throw new HansaError('CONNECTION_LOST', 'the connection broke', { at: spiffeId(handle) })
  }

  #find(handle: string, taskId: string): Work {
    this.#reach(handle)
    const work = this.#works.get(taskId)
    if (work === undefined) throw new HansaError('TASK_NOT_FOUND', `there is no task ${taskId}`, { at: spiffeId(handle) })
    return work
  }

  #stream(handle: string, signal: AbortSignal | undefined, life: AbortSignal, open: () => Work): ResponseStream {
    const respond = this.#responses(handle, signal, life, open)
    return { [Symbol.asyncIterator]: () => respond, hops: [], direct: true, translations: [], receipt: undefined }
  }

  async *#responses(handle: string, signal: AbortSignal | undefined, life: AbortSignal, open: () => Work): AsyncGenerator<a2a.StreamResponse> {
    const work = open()
    this.#after(handle)
    if (work.deed.plain === true) {
      await this.#until(work, () => isSettled(work.task.status?.state), signal, life)
      if (work.plain !== undefined) return yield create(a2a.StreamResponseSchema, { payload: { case: 'message', value: work.plain } })
    }
    for (;;) {
      const { state } = work.task.status ?? {}
      // Each event is the task as a whole; what pieces add up to is tested with TaskReading.
      yield create(a2a.StreamResponseSchema, { payload: { case: 'task', value: clone(a2a.TaskSchema, work.task) } })
      if (isSettled(state)) return
      await this.#until(work, () => work.task.status?.state !== state || !this.#works.has(work.task.id), signal, life)
      this.#reach(handle)
      if (!this.#works.has(work.task.id)) throw new HansaError('CONNECTION_LOST', 'the process is gone', { at: spiffeId(handle) })
    }
  }

  async #until(work: Work, held: () => boolean, ...signals: (AbortSignal | undefined)[]): Promise<void> {
    while (!held()) {
      await new Promise<void>((resolve, reject) => {
        const leave = () => done(() => reject(new HansaError('CANCELED', 'the caller has gone')))
        const wake = () => done(resolve)
        const done = (then: () => void) => {
          work.watchers.delete(wake)
          for (const signal of signals) signal?.removeEventListener('abort', leave)
          then()
        }
        work.watchers.add(wake)
        for (const signal of signals) signal?.addEventListener('abort', leave)
        if (signals.some((signal) => signal?.aborted)) leave()
      })
    }
  }
}

function spiffeId(handle: string): string {
  const [name, domain] = handle.split('@')
  return `spiffe://${domain}/agent/${name}`
}

function within(capability: string, wanted: string): boolean {
  return capability === wanted || capability.startsWith(`${wanted}/`)
}

function found(agent: WorldAgent): FoundAgent {
  const { handle, capability, idempotent = true, streaming = true, languages = [], online = true } = agent
  const record = create(AgentRecordSchema, {
    handle,
    spiffeId: spiffeId(handle),
    domain: handle.split('@')[1] ?? '',
    capabilities: [capability],
    languages: [...languages],
    streaming,
    extensions: idempotent ? [EXTENSIONS.idempotency] : []
  })
  return {
    record,
    verified: { level: 'chain', signer: 'spiffe://north.example/ars/hub', checks: [] },
    status: online ? AgentStatus.ONLINE : AgentStatus.OFFLINE,
    score: 1
  }
}

function requestOf(message: Outgoing): a2a.Message {
  const { message: sent } = outgoingRequest(message, () => 'unnamed')
  return create(a2a.MessageSchema, sent ?? {})
}
