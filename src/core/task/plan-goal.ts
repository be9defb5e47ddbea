import type { JsonObject } from '@bufbuild/protobuf'

/** What is to come about, and what binds the way there (draft 2.4). Names are facts (core/ids/fact.ts). */
export interface PlanGoal {
  readonly name: string
  readonly description: string
  /** Facts; at least one. */
  readonly want: readonly string[]
  /** Facts with their values. */
  readonly given: JsonObject
  /** BCP 47: each agent must speak one of these; none: any. */
  readonly languages: readonly string[]
  /** Each agent must be of one of these; none: any. */
  readonly domains: readonly string[]
  /** Handles of agents that must not have a part in it. */
  readonly avoid: readonly string[]
  /** Attempts that the whole may cost, so the most steps that a plan may have; undefined: no bound. */
  readonly budget: number | undefined
  /** For the whole, in milliseconds; 0: none. */
  readonly deadlineMs: number
  /** Steps at a time; 0: the usual number. */
  readonly parallel: number
}
