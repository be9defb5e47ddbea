import type { JsonObject } from '@bufbuild/protobuf'
import { replyText } from '../roles/agent/reply-text.ts'
import type { Outgoing, SwarmClient } from '../roles/agent/swarm-client.ts'
import type { CallSettings } from '../roles/agent/swarm-client-deps.ts'
import { HansaError } from '../schema/errors.ts'
import type { EmbeddedNode, OpenNode } from './embedded-node.ts'
import type { Reply } from './reply.ts'
import { type SwarmSession, swarmSession } from './swarm-session.ts'
import { type SwarmTask, swarmTask, type TaskOptions } from './swarm-task.ts'

/** The swarm as an application sees it. */
export interface Swarm extends SwarmClient, AsyncDisposable {
  /** Sends a message to an agent, wherever it is, and gives its answer. */
  call(agent: string, message: Outgoing, options?: CallSettings): Promise<Reply>
  /** Plans a goal or workflow (an object, or its text) and lets agents do it; await it for the results, or iterate over how it goes (draft 2.4). */
  task(work: string | JsonObject, options?: TaskOptions): SwarmTask
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
  return swarmOf(node.swarm, () => node.stop(), node)
}

export function swarmOf(
  client: SwarmClient,
  stop: () => Promise<void>,
  { tasks, planner, sessions }: Pick<EmbeddedNode, 'tasks' | 'planner' | 'sessions'>
): Swarm {
  const call: Swarm['call'] = async (agent, message, options) => {
    const { response, hops } = await client.send(agent, message, options)
    return { text: replyText(response), response, hops }
  }
  return {
    ...client,
    call,
    session: (id) => swarmSession(call, sessions, id),
    task(work, options = {}) {
      if (tasks === undefined || planner === undefined) throw new HansaError('ROLE_MISSING', 'this node performs no tasks', { role: 'agent' })
      return swarmTask({ tasks, planner }, work, options)
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}
