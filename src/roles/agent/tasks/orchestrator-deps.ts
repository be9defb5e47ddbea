import type { Sha256 } from '../../../core/crypto.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { Metrics } from '../../../ports/metrics.ts'
import type { Store } from '../../../ports/store.ts'
import type { TaskSwarm } from './attempt-deps.ts'

export interface OrchestratorBounds {
  /** Runs that go on at a time, and their steps together; more are refused with OVERLOADED. */
  readonly active: number
  readonly activeSteps: number
  /** Runs that have ended and are kept: so many of the newest, for so long (milliseconds). */
  readonly ended: number
  readonly endedMs: number
  /** Calls open at a time. */
  readonly calls: number
}

/** Two thousand graphs of usual size fit a few hundred megabytes; a month is how far back people ask; a gateway takes 100 calls of one caller (limits.openCalls). */
export const ORCHESTRATOR_BOUNDS: OrchestratorBounds = { active: 2_000, activeSteps: 200_000, ended: 1_000, endedMs: 30 * 86_400_000, calls: 80 }

export interface OrchestratorDeps {
  readonly swarm: TaskSwarm
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Identifiers of runs, contexts and answers; never the same twice. */
  readonly newId: () => string
  readonly sha256: Sha256
  /** Of equals, an agent of one's own domain is chosen. */
  readonly ownDomain: string
  /** 0 <= x < 1. */
  readonly random: () => number
  readonly bounds?: Partial<OrchestratorBounds>
}
