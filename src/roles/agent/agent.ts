import { formatHandle } from '../../core/ids/agent-id.ts'
import type { Lifecycle, Part } from '../../ports/part.ts'
import type { HansaError } from '../../schema/errors.ts'
import type { AgentStatus } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { Answers } from './answers/answers.ts'
import { Attachment, type Attached } from './attachment.ts'
import { AGENT_DEFAULTS, type AgentConfig } from './config.ts'
import { Delivery } from './delivery.ts'
import type { AgentDeps } from './deps.ts'
import { Presence } from './presence.ts'
import { type Registered, Registration } from './registration.ts'

/** What `hansa status` shows of the agent role. */
export interface AgentState {
  readonly registered?: Registered
  readonly attached?: Attached
  /** Milliseconds since the epoch of the last heartbeat that a gateway answered. */
  readonly lastHeartbeat?: number
  readonly lastProbe?: { readonly at: number; readonly status: AgentStatus }
  /** Why it is not registered or attached, or its new card was refused. */
  readonly problem?: HansaError
  readonly openCalls: number
}

export interface AgentService extends Lifecycle {
  state(): AgentState
  /** Resolves when the agent is registered and attached. Throws the refusal that prevents it; failures that may pass are waited out. */
  ready(signal?: AbortSignal): Promise<Attached>
  /** Detaches and takes the agent off the directory for good (draft 3.2.2, 3.3.1). Throws when no registration server can be told. */
  deregister(signal?: AbortSignal): Promise<void>
}

/** The agent role (draft 2.4, 3.2, 3.3): registers one agent, keeps it attached to a gateway, and delivers what arrives for it. */
export function agent(config: AgentConfig): Part<AgentDeps, AgentService> {
  return { name: 'agent', create: (deps) => createAgent(config, deps) }
}

function createAgent(config: AgentConfig, deps: AgentDeps): AgentService {
  const timing = { ...AGENT_DEFAULTS, ...config.timing }
  const registration = new Registration(deps)
  const attachment = new Attachment(deps)
  const presence = new Presence({ ...deps, config, timing, registration, attachment })
  const calls = deps.metrics?.counter('hansa_agent_calls_total', 'Calls delivered to the agent, by operation and outcome.', ['operation', 'outcome'])
  const answers = new Answers({
    ...deps,
    agent: () => {
      const self = deps.identities.self()
      return self === undefined ? 'the agent' : formatHandle(self)
    },
    idempotent: config.idempotent ?? false,
    repeatable: config.repeatable ?? false,
    quiet: () => delivery.rest()
  })
  const delivery: Delivery = new Delivery({
    ...deps,
    answers,
    intraDomain: config.intraDomain ?? 'gateway',
    card: () => presence.card?.bytes,
    // `url` is where the gateway serves this agent: .../agents/{handle}/jsonrpc.
    webhookBase: () => attachment.current?.url.replace(/jsonrpc$/, 'push/') || undefined,
    ended: (operation, error) => {
      calls?.inc({ operation, outcome: error?.code ?? 'ok' })
      if (error?.code === 'AGENT_UNREACHABLE') presence.doubt()
    }
  })
  deps.network?.onDisconnect((peer) => presence.disconnected(peer))
  deps.identities.onChange(() => presence.trustChanged())
  deps.metrics?.gauge('hansa_agent_attached', '1 while the agent is attached to a gateway.', () => (attachment.current === undefined ? 0 : 1))
  deps.metrics?.gauge('hansa_agent_work', 'Messages that are worked on once, now.', () => answers.running)
  deps.metrics?.gauge('hansa_agent_open_calls', 'Calls to the agent that are open now.', () => delivery.openCalls)

  async function leave(reason: string): Promise<void> {
    await presence.stop()
    // First the gateway, so that nothing new comes while the open calls end.
    await attachment.detach(reason, timing.drain).catch((error: unknown) => deps.log.debug({ error }, 'the gateway could not be told of the detachment'))
    await delivery.drain(timing.drain)
  }

  return {
    async start() {
      delivery.start()
      presence.start()
    },
    stop: () => leave('stopping'),
    async deregister(signal) {
      await leave('deregistered')
      await registration.deregister(signal)
    },
    ready: (signal) => presence.ready(signal),
    state: () => ({
      registered: registration.current,
      attached: attachment.current,
      lastHeartbeat: attachment.lastBeat,
      lastProbe: presence.lastProbe,
      problem: presence.problem,
      openCalls: delivery.openCalls
    })
  }
}
