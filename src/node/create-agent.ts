import { createHandlerClient } from '../adapters/inprocess-agent/handler-client.ts'
import type { Answer, MessageContext } from '../adapters/inprocess-agent/handler.ts'
import type { AgentState } from '../roles/agent/agent.ts'
import { HansaError } from '../schema/errors.ts'
import type { Message } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { EmbeddedNode, OpenNode } from './embedded-node.ts'
import { type Swarm, swarmOf } from './join-swarm.ts'
import { type Conversation, conversationOf } from './swarm-session.ts'

/** What the agent can do. Its id and tags are its capabilities where they are capability paths such as travel/flight-booking. */
export interface Skill {
  readonly id: string
  readonly name?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly examples?: readonly string[]
}

export interface AgentOptions {
  /** A node's home with the role agent, made by `hansa join`; the agent's handle is in its certificate. */
  readonly home: string
  readonly name: string
  readonly description: string
  readonly skills: readonly Skill[]
  /** Capability paths, when they are not to be taken from the skills. */
  readonly capabilities?: readonly string[]
  /** BCP 47 tags; en otherwise. */
  readonly languages?: readonly string[]
  readonly version?: string
  /** Told of everything the message handler throws; callers are only told that the agent failed. Printed to stderr otherwise. */
  readonly onError?: (error: unknown) => void
}

/** What a message comes with; the swarm, so that an agent can ask others; and what was said before in the conversation. */
export type AgentContext = MessageContext & { readonly swarm: Swarm; readonly session: Conversation }

export interface AgentBuilder {
  /** `answer` gets each message and gives words, a message, or pieces one after the other (then the answer streams). */
  onMessage(answer: (message: Message, context: AgentContext) => Answer | Promise<Answer>): Agent
}

export interface Agent extends AsyncDisposable {
  /**
   * Resolves when the agent is registered, attached and can be found: its handle, and its A2A URL at the gateway (empty when that has no ingress). Throws
   * what the swarm refuses it with; waits while nobody can be reached, until `signal` aborts.
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<{ readonly handle: string; readonly url: string }>
  /** Lets open calls end, detaches and leaves; the registration stays. */
  stop(): Promise<void>
  /** Leaves the directory for good, then stops. */
  deregister(options?: { readonly signal?: AbortSignal }): Promise<void>
  state(): AgentState | undefined
  /** Throws NODE_NOT_RUNNING before `start`. */
  readonly swarm: Swarm
}

/** An agent on the swarm in a few lines; `open` makes its node. */
export function createAgent(options: AgentOptions, open: OpenNode): AgentBuilder {
  return { onMessage: (answer) => new EmbeddedAgent(options, answer, open) }
}

class EmbeddedAgent implements Agent {
  readonly #options: AgentOptions
  readonly #answer: Parameters<AgentBuilder['onMessage']>[0]
  readonly #open: OpenNode
  #node: EmbeddedNode | undefined
  #swarm: Swarm | undefined

  constructor(options: AgentOptions, answer: Parameters<AgentBuilder['onMessage']>[0], open: OpenNode) {
    this.#options = options
    this.#answer = answer
    this.#open = open
  }

  get swarm(): Swarm {
    if (this.#swarm === undefined) throw new HansaError('NODE_NOT_RUNNING', 'the agent has not been started', { home: this.#options.home })
    return this.#swarm
  }

  state(): AgentState | undefined {
    return this.#node?.agent?.state()
  }

  async start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<{ readonly handle: string; readonly url: string }> {
    signal?.throwIfAborted()
    if (this.#node !== undefined) throw new HansaError('INVALID_ARGUMENT', 'the agent has been started already')
    const { home, name, description, skills, capabilities, languages, version, onError = print } = this.#options
    const card = { name, description, version, skills: skills.map(fullSkill) }
    const client = createHandlerClient(
      (message, context) => this.#answer(message, { ...context, swarm: this.swarm, session: this.#conversation(message, context) }),
      { card, onError }
    )
    const node = await this.#open({ home, agent: { client, config: { capabilities, languages } } })
    this.#node = node
    this.#swarm = swarmOf(node.swarm, node.sessions, () => this.stop())
    try {
      await node.start()
      const service = node.agent
      if (service === undefined) throw new HansaError('ROLE_MISSING', `the node of ${home} has no role agent`, { role: 'agent' })
      const { url } = await service.ready(signal)
      return { handle: service.state().registered?.record.handle ?? '', url }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  #conversation({ messageId }: Message, { contextId, principal }: MessageContext): Conversation {
    const sessions = () => {
      if (this.#node === undefined) throw new HansaError('NODE_NOT_RUNNING', 'the agent has stopped', { home: this.#options.home })
      return this.#node.sessions
    }
    return conversationOf(sessions, contextId, principal, messageId)
  }

  async stop(): Promise<void> {
    const node = this.#node
    this.#node = undefined
    this.#swarm = undefined
    await node?.stop()
  }

  async deregister({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#node?.agent?.deregister(signal)
    await this.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

function print(error: unknown): void {
  console.error(error)
}

function fullSkill({ id, name = id, description = name, tags = [], examples = [] }: Skill) {
  return { id, name, description, tags: [...tags], examples: [...examples] }
}
