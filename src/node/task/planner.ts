import { HansaError } from '../../schema/errors.ts'
import { createCapabilityPlanner } from './capability-planner.ts'
import { readGoal } from './read-goal.ts'
import { readWork } from './read-work.ts'
import { readWorkflow } from './read-workflow.ts'
import type { Find } from './skill-search.ts'
import type { Planner } from './work.ts'

export interface PlannerDeps {
  /** Discovery, as the node's swarm client does it. */
  readonly find: Find
}

/**
 * From work to a graph: what has `steps` is a workflow and says the way itself; what has `want` is a goal, for which the capability planner looks for a way among
 * the agents that are online.
 */
export function createPlanner({ find }: PlannerDeps): Planner {
  const planGoal = createCapabilityPlanner(find)
  return {
    async plan(work, signal) {
      const document = readWork(work)
      const { raw } = document
      const [workflow, goal] = [Object.hasOwn(raw, 'steps'), Object.hasOwn(raw, 'want')]
      if (workflow === goal)
        throw new HansaError('INVALID_ARGUMENT', `${document.name}: expected ${workflow ? 'steps or want, not both' : 'steps (a workflow) or want (a goal)'}`)
      return workflow ? readWorkflow(document, work.given) : planGoal(readGoal(document, work.given), signal)
    }
  }
}
