/** Settings of the agent role; what is absent is taken from the agent's card or from `AGENT_DEFAULTS`. */
export interface AgentConfig {
  /** Shown name; the card's otherwise. The handle comes from the certificate. */
  readonly name?: string
  readonly description?: string
  /** Capability paths; otherwise those skill ids and tags of the card that are capability paths. */
  readonly capabilities?: readonly string[]
  /** BCP 47 tags. */
  readonly languages?: readonly string[]
  /** Protocols the agent speaks; otherwise from the interfaces of the card. */
  readonly protocols?: readonly string[]
  /** `direct`: agents of the own domain may deliver without a gateway (draft 3.3). */
  readonly intraDomain?: 'direct' | 'gateway'
  /** No message is worked on twice: what a copy is answered is what the first one was (extension urn:hansa:idempotency). */
  readonly idempotent?: boolean
  /** To work on a message again does no harm: so it is done when nobody knows what became of the first copy, instead of saying OUTCOME_UNKNOWN. */
  readonly repeatable?: boolean
  readonly timing?: Partial<AgentTiming>
}

/** All in milliseconds. */
export interface AgentTiming {
  /** Longest time between two probes of the agent; a change of status is told to the gateway at once, not only with the next heartbeat. */
  readonly probeEvery: number
  /** How long one probe may take before the agent counts as offline. */
  readonly probeTimeout: number
  /** How often the card is read again to see a change. */
  readonly cardEvery: number
  readonly cardTimeout: number
  /** First and longest pause after a failure that may pass by itself. */
  readonly retryMin: number
  readonly retryMax: number
  /** First and longest pause after a refusal, which needs somebody to change something. */
  readonly refusedMin: number
  readonly refusedMax: number
  /** How long `stop` waits for open calls to end, and for the gateway to hear of it. */
  readonly drain: number
}

export const AGENT_DEFAULTS: AgentTiming = {
  // A dead agent is seen in 5 s although heartbeats are 30 s apart (draft 3.3.1); a probe is one small request on the same machine.
  probeEvery: 5_000,
  probeTimeout: 2_000,
  // Cards change when somebody deploys; four heartbeats of 30 s.
  cardEvery: 120_000,
  cardTimeout: 10_000,
  retryMin: 250,
  // A server that has been away for long is found again within half a minute.
  retryMax: 30_000,
  refusedMin: 5_000,
  refusedMax: 300_000,
  drain: 5_000
}
