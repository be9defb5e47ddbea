import { type Candidate, chooseAgent } from '../../../core/task/choose-agent.ts'
import { HansaError } from '../../../schema/errors.ts'
import type { TaskStep } from '../../../schema/generated/hansa/v1/task_pb.ts'
import type { AgentFinder } from './agent-finder.ts'
import type { MeritBook } from './merit-book.ts'

export interface ChoiceDeps {
  readonly finder: AgentFinder
  readonly merits: MeritBook
  readonly ownDomain: string
}

/**
 * The agent for the next try of a step. `key` spreads equals; `now` in milliseconds since the epoch. Throws AGENT_NOT_FOUND when nobody fits, AGENT_UNREACHABLE
 * when the one that fits is offline, and what discovery throws.
 */
export async function chooseFor(deps: ChoiceDeps, step: TaskStep, avoid: readonly string[], key: string, now: number): Promise<Candidate> {
  const { agent: criteria } = step
  if (criteria === undefined) throw new HansaError('INVALID_ARGUMENT', `step ${step.id} names no agent`)
  const candidates = await deps.finder.find(criteria)
  const { ownDomain, merits } = deps
  const choice = chooseAgent(candidates, { criteria, ownDomain, merits: merits.merits, load: merits.load, avoid, now, key })
  if (choice.agent === undefined) throw new HansaError('AGENT_NOT_FOUND', choice.reason)
  const { handle, online } = choice.agent
  // To send it all the same would cost the try, and say no more.
  if (!online) throw new HansaError('AGENT_UNREACHABLE', `${handle} is offline`, { agent: handle })
  return choice.agent
}
