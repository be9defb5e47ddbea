/** A skill that says what it takes and puts out, with what a planner must know of its agent (draft 2.4). */
export interface PlannableSkill {
  /** Handle of the agent. */
  readonly agent: string
  readonly domain: string
  /** BCP 47 tags of the agent. */
  readonly languages: readonly string[]
  /** ID of the skill in the agent's card. */
  readonly skill: string
  /** Capability paths that the skill is offered under; at least one. */
  readonly capabilities: readonly string[]
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}
