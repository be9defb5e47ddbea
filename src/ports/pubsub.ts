import type { Topic } from '../wire/topics.ts'

/** What a validator says of a message: deliver and forward, drop, or drop and hold it against the sender. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Gossip: best effort, unordered, at most 64 KiB a message. Nothing may depend on its arrival. */
export interface PubSub {
  /** Resolves with the number of peers it was handed to. Throws INVALID_ARGUMENT above the bound; otherwise never. */
  publish(topic: Topic, data: Uint8Array): Promise<number>
  /** `validate` runs once per message, before it is forwarded; `deliver` runs for accepted messages of others. */
  subscribe(topic: Topic, validate: (data: Uint8Array, from: string) => Verdict, deliver: (data: Uint8Array, from: string) => void): void
}
