/** Settings of the registration server. Times in milliseconds. */
export interface ArsConfig {
  /** Life of a signed record. */
  readonly recordLifetimeMs: number
  /** How often an established record is put on the DHT again. */
  readonly republishMs: number
  /** Life of the domain's record. */
  readonly domainRecordLifetimeMs: number
  /** How often records near their end are signed anew and what has expired is taken away. */
  readonly upkeepMs: number
  /** Rows of the Agent Database, tombstones included. */
  readonly maxAgents: number
  /** What listed domains may see: handles (`name@domain`, `*` within the name) or capabilities (`travel`, which covers all below it); `*` is everything. */
  readonly export: readonly string[]
  /** Whether agents of one domain talk directly or through a gateway (draft 3.3). */
  readonly intraDomain: 'direct' | 'gateway'
  readonly discovery: DiscoveryLimits
  /** How often a gateway with agents that are online is asked whether it still runs. */
  readonly gatewayProbeMs: number
  /** Unanswered probes in a row after which its agents no longer count as online. */
  readonly gatewayMissed: number
  /** DHT writes at a time. */
  readonly publishing: number
}

export interface DiscoveryLimits {
  /** Servers that one request asks. */
  readonly servers: number
  /** How long one of them may take. */
  readonly serverMs: number
  /** How long the DHT may take to name them. */
  readonly lookupMs: number
  /** How long a domain's record is used before the DHT is asked again. */
  readonly domainRecordMs: number
}

export const ARS_DEFAULTS: ArsConfig = {
  // Survives a day without its server; a record that nobody renews is gone from everywhere after that.
  recordLifetimeMs: 86_400_000,
  // Peers come and go; holders drop values after 48 hours. A put costs 20 to 40 small messages.
  republishMs: 3_600_000,
  // Gateways change more often than registrations; a lost one is on record for at most this long.
  domainRecordLifetimeMs: 3_600_000,
  upkeepMs: 60_000,
  // At about 2 KiB a row a database of 200 MB; a query stays below 5 ms.
  maxAgents: 100_000,
  export: ['*'],
  intraDomain: 'direct',
  discovery: {
    // More servers than most domains have; each costs a request and at most 100 records to verify.
    servers: 32,
    // A healthy one answers in milliseconds; one that hangs must not hold up the answer.
    serverMs: 2_000,
    // The first answers come within 100 ms, but the look-up waits for slow peers.
    lookupMs: 1_500,
    domainRecordMs: 60_000
  },
  gatewayProbeMs: 10_000,
  // One lost probe or a long pause of a garbage collector must not take a domain's agents away.
  gatewayMissed: 2,
  publishing: 4
}
