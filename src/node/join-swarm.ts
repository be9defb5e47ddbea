import type { JsonObject } from '@bufbuild/protobuf'
import type { Hop } from '../schema/generated/hansa/v1/gateway_pb.ts'
import type { SendMessageResponse } from '../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { replyData } from '../roles/agent/reply-data.ts'
import { replyText } from '../roles/agent/reply-text.ts'
import type { Outgoing, SwarmClient } from '../roles/agent/swarm-client.ts'
import type { CallSettings } from '../roles/agent/swarm-client-deps.ts'
import { HansaError } from '../schema/errors.ts'
import type { EmbeddedNode, OpenNode } from './embedded-node.ts'
import { type SwarmTask, swarmTask, type TaskOptions } from './swarm-task.ts'

/** An answer to a call. */
export interface Reply {
  /** The words of the answer. */
  readonly text: string
  /** Its facts: the members of its data parts. */
  readonly data: Readonly<JsonObject>
  /** All of it: a message or a task (A2A 1.0). */
  readonly response: SendMessageResponse
  /** Gateways passed and the agent's node, with their times. */
  readonly hops: readonly Hop[]
}

/** The swarm as an application sees it. */
export interface Swarm extends SwarmClient, AsyncDisposable {
  /** Sends a message to an agent, wherever it is, and gives its answer. */
  call(agent: string, message: Outgoing, options?: CallSettings): Promise<Reply>
  /** Plans a goal or workflow (an object, or its text) and lets agents do it; await it for the results, or iterate over how it goes (draft 2.4). */
  task(work: string | JsonObject, options?: TaskOptions): SwarmTask
  /** Says goodbye and leaves. */
  stop(): Promise<void>
}

/** Who joins, and for how long it may try. */
export interface JoinSwarmOptions {
  /** A node's home, made by `hansa join`. */
  readonly home: string
  /** Ends the attempt; of no use once it has joined. */
  readonly signal?: AbortSignal
}

/** A node hears of the servers of its domain within a second of its first connection; whoever needs more has none that can be reached, and calls will say so. */
const ACQUAINTED_MS = 10_000

/**
 * Starts the node of a home in this process, and waits a little until it has heard of a gateway or registration server. Throws as OpenNode; aborting `signal` before it
 * has started stops it.
 */
export async function joinSwarm({ home, signal }: JoinSwarmOptions, open: OpenNode): Promise<Swarm> {
  signal?.throwIfAborted()
  const node = await open({ home })
  await node.start()
  for (let waited = 0; waited < ACQUAINTED_MS && !acquainted(node) && !signal?.aborted; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
  if (signal?.aborted) {
    await node.stop()
    signal.throwIfAborted()
  }
  return swarmOf(node.swarm, () => node.stop(), node)
}

function acquainted({ member }: Awaited<ReturnType<OpenNode>>): boolean {
  return member === undefined || member.find('agw').length > 0 || member.find('ars').length > 0
}

export function swarmOf(client: SwarmClient, stop: () => Promise<void>, { tasks, planner }: Pick<EmbeddedNode, 'tasks' | 'planner'>): Swarm {
  return {
    ...client,
    async call(agent, message, options) {
      const { response, hops } = await client.send(agent, message, options)
      return { text: replyText(response), data: replyData(response), response, hops }
    },
    task(work, options = {}) {
      if (tasks === undefined || planner === undefined) throw new HansaError('ROLE_MISSING', 'this node performs no tasks', { role: 'agent' })
      return swarmTask({ tasks, planner }, work, options)
    },
    stop,
    [Symbol.asyncDispose]: stop
  }
}
