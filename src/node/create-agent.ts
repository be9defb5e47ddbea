import { createHandlerClient } from '../adapters/inprocess-agent/handler-client.ts'
import type { Answer, MessageContext } from '../adapters/inprocess-agent/handler.ts'
import type { AgentState } from '../roles/agent/agent.ts'
import { EXTENSIONS } from '../core/ids/extension-uris.ts'
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
  /**
   * Facts that it needs, as keys of the data parts of a message, such as destination; with `outputs` they let a planner find the way to what is wanted (draft 2.4).
   * Lower-case letters, digits and dashes, at most 63.
   */
  readonly inputs?: readonly string[]
  /** Facts that are in its answer, as keys of its data parts. */
  readonly outputs?: readonly string[]
}

/** Who the agent is and what it can do. */
export interface AgentOptions {
  /** A node's home with the role agent, made by `hansa join`; the agent's handle is in its certificate. */
  readonly home: string
  /** Shown name. */
  readonly name: string
  /** What it does, in a sentence or two: searches look here. */
  readonly description: string
  /** At least one, whose id or tag is a capability path. */
  readonly skills: readonly Skill[]
  /** Capability paths, when they are not to be taken from the skills. */
  readonly capabilities?: readonly string[]
  /** BCP 47 tags; en otherwise. */
  readonly languages?: readonly string[]
  /** Of the agent; 1.0.0 otherwise. */
  readonly version?: string
  /**
   * False: a message that comes twice is worked on twice. Otherwise a caller that asks for the extension urn:hansa:idempotency may send a message again, under its
   * messageId, until it has an answer, and it is worked on once; answers are kept for eight days.
   */
  readonly idempotent?: boolean
  /** True: a message whose outcome a crash has made unknown is worked on again, because that does no harm; its sender is told OUTCOME_UNKNOWN otherwise. */
  readonly repeatable?: boolean
  /** Told of everything the message handler throws; callers are only told that the agent failed. Printed to stderr otherwise. */
  readonly onError?: (error: unknown) => void
}

/** What a message comes with; the swarm, so that an agent can ask others; and what was said before in the conversation. */
export type AgentContext = MessageContext & { readonly swarm: Swarm; readonly session: Conversation }

/** An agent that lacks its answer. */
export interface AgentBuilder {
  /** `answer` gets each message and gives words, a message, or pieces one after the other (then the answer streams). */
  onMessage(answer: (message: Message, context: AgentContext) => Answer | Promise<Answer>): Agent
}

/** An agent of this process. */
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
  /** Undefined before `start` and after `stop`. */
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
    const { home, name, description, skills, capabilities, languages, version, idempotent = true, repeatable = false, onError = print } = this.#options
    const card = { name, description, version, skills: skills.map(fullSkill), ...factsOf(skills) }
    const client = createHandlerClient(
      (message, context) => this.#answer(message, { ...context, swarm: this.swarm, session: this.#conversation(message, context) }),
      { card, onError }
    )
    const node = await this.#open({ home, agent: { client, config: { capabilities, languages, idempotent, repeatable } } })
    this.#node = node
    this.#swarm = swarmOf(node, () => this.stop())
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

/** The card's extension that says what the skills take and put out; nothing where none says so. */
function factsOf(skills: readonly Skill[]) {
  const declared = skills.filter(({ inputs, outputs }) => inputs !== undefined || outputs !== undefined)
  if (declared.length === 0) return {}
  const facts = Object.fromEntries(declared.map(({ id, inputs = [], outputs = [] }) => [id, { inputs: [...inputs], outputs: [...outputs] }]))
  return { capabilities: { streaming: true, extensions: [{ uri: EXTENSIONS.facts, params: { skills: facts } }] } }
}
