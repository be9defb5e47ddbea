import { DATA_DEFAULTS, type DataSettings } from './data/settings.ts'

/**
 * Settings of the gateway role. Times in milliseconds. What matches nothing in `export` is not advertised at all, since gossip can be read by every member
 * of the swarm.
 */
export interface AgwConfig extends DataSettings {
  readonly heartbeatMs: number
  /** Heartbeats that may be missed in a row before a peer or agent is offline. */
  readonly missed: number
  /** How long the agents of a gateway that said "restarting" are kept. */
  readonly holdMs: number
  /** How long after its last heartbeat an offline agent stays attached. */
  readonly forgetAgentMs: number
  /** How long a gateway that cannot be reached stays in the tables, its agents inapplicable. */
  readonly forgetGatewayMs: number
  /** How long a gateway that cannot be reached is still passed on to others. Well below `forgetGatewayMs`, else two gateways keep a dead one alive between them. */
  readonly passOnMs: number
  /** Multiaddrs of gateways to interconnect with, redialled for ever. */
  readonly neighbors: readonly string[]
  /** Whether agents of one domain talk directly or through a gateway (draft 3.3: "as requirements"). */
  readonly intraDomain: 'direct' | 'gateway'
  /** Versions of the protocols between gateways, newest first. */
  readonly protocols: readonly string[]
  readonly bounds: AgwBounds
}

export interface AgwBounds {
  /** Agents attached to this gateway. */
  readonly agents: number
  readonly neighbors: number
  /** Gateways in the synchronized table. */
  readonly origins: number
  /** Of these, those of one domain. */
  readonly originsPerDomain: number
  /** Keys of one gateway in the synchronized table. */
  readonly entriesPerOrigin: number
  /** Bytes of signed records in the synchronized table, in all and of one domain. */
  readonly syncBytes: number
  readonly syncBytesPerDomain: number
}

export const AGW_DEFAULTS: AgwConfig = {
  ...DATA_DEFAULTS,
  // The draft's example (3.3.1, 3.4.3). A killed process on a live host is seen at once by its connection; this is for silent deaths.
  heartbeatMs: 30_000,
  // Two lost packets or one long pause of a garbage collector must not take an agent away.
  missed: 3,
  // A process restarts within seconds; callers wait or retry about as long.
  holdMs: 30_000,
  // A laptop that sleeps over lunch comes back without registering anew; one that is gone does not stay for days.
  forgetAgentMs: 3_600_000,
  forgetGatewayMs: 3_600_000,
  passOnMs: 600_000,
  neighbors: [],
  intraDomain: 'direct',
  protocols: ['relay/1', 'sync/1'],
  bounds: {
    // At about 2 KiB a signed entry, 20 MiB each way when a gateway is new.
    agents: 10_000,
    // Each costs a heartbeat and a place in every link state.
    neighbors: 256,
    // Shortest paths over this many gateways take a few milliseconds.
    origins: 1_024,
    // More gateways than one operator runs; eight domains together cannot fill the table against all others.
    originsPerDomain: 128,
    // `agents`, its tombstones of one epoch, `links` and `gateway`, with room for a neighbour that was configured larger.
    entriesPerOrigin: 25_000,
    // A quarter of a million agents at about 2 KiB each; a domain may have 60,000 of them.
    syncBytes: 512 * 1024 * 1024,
    syncBytesPerDomain: 128 * 1024 * 1024
  }
}
