/** Gossip topics: network constants, not settings. */
export const TOPICS = {
  /** SyncGossip: deltas of gateways (draft 3.4.2). A hint only; digest exchange repairs what was missed. */
  sync: '/hansa/sync/1',
  /** CrlGossip: certificate revocation lists, or word of them (draft 3.1.2). */
  crl: '/hansa/crl/1'
} as const

export type Topic = (typeof TOPICS)[keyof typeof TOPICS]

/** Largest gossip message. Above it gossipsub loses messages silently on the way long before its own 4 MiB bound hurts latency. */
export const MAX_GOSSIP_BYTES = 64 * 1024
