export interface MemberConfig {
  readonly domain: string
  /** Addresses with or without /p2p/<peer>, dialled again for ever. */
  readonly bootstrap: readonly string[]
  /** Base URL of the node's HTTP ingress, once it listens. */
  readonly ingress?: () => string | undefined
  /** How often nodes of the domain are asked whom they know, and told who is here. Milliseconds. */
  readonly nodesEveryMs?: number
  /** By listed domain: addresses at which its revocation list is asked for, beside gossip and whoever of it is connected. */
  readonly crlSources?: ReadonlyMap<string, readonly string[]>
  /** How often revocation lists are asked for: what gossip lost is repaired by then. Milliseconds. */
  readonly crlEveryMs?: number
}

/** A new node is known everywhere in the domain after two of these. */
export const NODES_EVERY_MS = 30_000
/** Bounds how long a revoked certificate is believed by a node that gossip does not reach. */
export const CRL_EVERY_MS = 300_000
