import { createHash } from 'node:crypto'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { Clock } from '../../src/ports/clock.ts'
import type { Metrics } from '../../src/ports/metrics.ts'
import type { Store } from '../../src/ports/store.ts'
import { createOrchestrator, type Orchestrator } from '../../src/roles/agent/tasks/orchestrator.ts'
import type { OrchestratorDeps } from '../../src/roles/agent/tasks/orchestrator-deps.ts'
import { type TaskGraph, TaskGraphSchema, type TaskStepSchema } from '../../src/schema/generated/hansa/v1/task_pb.ts'
import { silentLog } from '../unit/roles/agent/fakes.ts'
import type { TaskWorld } from './task-world.ts'

const noMetrics: Metrics = { counter: () => ({ inc() {} }), gauge() {}, histogram: () => ({ observe() {} }) }

type Step = Exclude<MessageInitShape<typeof TaskStepSchema>, { $typeName: string }> & { readonly id: string }

/** A graph of steps, each for the capability that it names; `after` needs no more than names. */
export function graphOf(
  steps: readonly (Step & { readonly does?: string; readonly after?: readonly string[] })[],
  rest: Exclude<MessageInitShape<typeof TaskGraphSchema>, { $typeName: string }> = {}
): TaskGraph {
  return create(TaskGraphSchema, {
    name: 'test',
    planner: 'workflow',
    ...rest,
    steps: steps.map(({ does, after = [], ...step }) => ({
      ...(does === undefined ? {} : { agent: { capability: does } }),
      needs: after.map((id) => ({ step: id })),
      ...step
    }))
  })
}

/** An orchestrator in a world, as one process. */
export function taskNode(world: TaskWorld, clock: Clock, store: Store, more: Partial<OrchestratorDeps> = {}): { tasks: Orchestrator; die(): void } {
  const swarm = world.swarm()
  let ids = 0
  const process = Math.random().toString(36).slice(2)
  const tasks = createOrchestrator({
    swarm,
    store,
    clock,
    log: silentLog,
    metrics: noMetrics,
    newId: () => `${process}-${++ids}`,
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    ownDomain: 'north.example',
    random: () => 0.5,
    ...more
  })
  return { tasks, die: () => swarm.die() }
}
