import { replyText } from '../roles/agent/reply-text.ts'
import type { Outgoing, SwarmClient } from '../roles/agent/swarm-client.ts'
import type { CallSettings } from '../roles/agent/swarm-client-deps.ts'
import type { Sessions } from '../roles/agent/sessions/sessions.ts'
import { type SwarmSession, swarmSession } from './swarm-session.ts'
import type { Reply } from './reply.ts'
import type { OpenNode } from './embedded-node.ts'

/** The swarm as an application sees it. */
export interface Swarm extends SwarmClient, AsyncDisposable {
  /** Sends a message to an agent, wherever it is, and gives its answer. */
  call(agent: string, message: Outgoing, options?: CallSettings): Promise<Reply>
  /** A conversation: an earlier one by its ID, a new one otherwise. It survives restarts of either side. */
  session(id?: string): SwarmSession
  /** Says goodbye and leaves. */
  stop(): Promise<void>
}

export interface JoinSwarmOptions {
  /** A node's home, made by `hansa join`. */
  readonly home: string
  readonly signal?: AbortSignal
}

/** Starts the node of a home in this process. Throws as OpenNode; aborting `signal` before it has started stops it. */
export async function joinSwarm({ home, signal }: JoinSwarmOptions, open: OpenNode): Promise<Swarm> {
  signal?.throwIfAborted()
  const node = await open({ home })
  await node.start()
  if (signal?.aborted) {
    await node.stop()
    signal.throwIfAborted()
  }
  return swarmOf(node.swarm, node.sessions, () => node.stop())
}

export function swarmOf(client: SwarmClient, sessions: Sessions, stop: () => Promise<void>): Swarm {
  const call: Swarm['call'] = async (agent, message, options) => {
    const { response, hops } = await client.send(agent, message, options)
    return { text: replyText(response), response, hops }
  }
  return {
    ...client,
    call,
    session: (id) => swarmSession(call, sessions, id),
    stop,
    [Symbol.asyncDispose]: stop
  }
}
