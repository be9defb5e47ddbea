import type { PlanGoal } from '../../core/task/plan-goal.ts'
import { plan } from '../../core/task/plan.ts'
import { HansaError } from '../../schema/errors.ts'
import type { TaskGraph } from '../../schema/generated/hansa/v1/task_pb.ts'
import { type Find, SkillSearch } from './skill-search.ts'

/** Agents that are named in a message. */
const MAX_NAMED = 3

/**
 * Plans a goal with the skills that discovery finds (draft 2.4). Throws NO_PLAN; when not everybody answered, its message says so, because it then proves nothing of those who
 * did not, and metadata `complete` is false.
 */
export function createCapabilityPlanner(find: Find): (goal: PlanGoal, signal: AbortSignal) => Promise<TaskGraph> {
  return async (goal, signal) => {
    const search = new SkillSearch(find, goal, signal)
    await search.run()
    const { skills, ownDomain, gaps } = search
    try {
      const graph = plan(goal, skills, ownDomain)
      if (gaps.length > 0) graph.explanation.push(`The search was not complete: ${gaps.join('; ')}.`)
      return graph
    } catch (thrown) {
      if (!(thrown instanceof HansaError) || thrown.code !== 'NO_PLAN') throw thrown
      const { missing = '' } = thrown.metadata
      const away = await search.offline(missing.split(', ').filter((fact) => fact !== ''))
      const notes = [
        ...away.slice(0, MAX_NAMED).map(({ agent, fact }) => `${agent}, which puts out ${fact}, is not online`),
        ...(gaps.length === 0 ? [] : [`the search was not complete: ${gaps.join('; ')}`])
      ]
      throw new HansaError('NO_PLAN', [thrown.message, ...notes].join('; '), { ...thrown.metadata, complete: String(gaps.length === 0) })
    }
  }
}
