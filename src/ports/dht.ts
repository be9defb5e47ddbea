/** The swarm's Kademlia table. Nobody on it is trusted: values are signed, provider entries are hints. */
export interface Dht {
  /** Stores a value at the closest peers; resolves with how many others took it. */
  put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<number>
  /** The newest value found within the deadline (default 3 s), or undefined. `key` has the form /<namespace>/<rest>. */
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>
  /** Says: this node provides what is named. Repeated by the DHT until withdrawn. */
  provide(name: string, signal?: AbortSignal): Promise<void>
  withdraw(name: string): Promise<void>
  /** Providers as they are found; bounded by `limit` and the deadline (default 3 s). */
  providers(name: string, limit: number, signal?: AbortSignal): AsyncIterable<Provider>
}

export interface Provider {
  readonly peer: string
  readonly addresses: readonly string[]
}

/** Rules for the values of one namespace (core/dht makes them). */
export interface RecordRules {
  /** Throws when a value may not stand under the key; `stored` is what this node holds already. */
  validate(key: string, value: Uint8Array, stored: Uint8Array | undefined): void
  /** Index of the newest value. */
  select(key: string, values: readonly Uint8Array[]): number
}
