import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Sha256 } from '../../../core/crypto.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { MessageSchema } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { CallSettings } from '../swarm-client-deps.ts'
import type { SwarmClient } from '../swarm-client.ts'
import type { AttemptWord } from './attempt-word.ts'
import type { Slots } from './slots.ts'

/** What orchestration needs of the swarm. */
export type TaskSwarm = Pick<SwarmClient, 'find' | 'resolve' | 'send' | 'stream' | 'subscribe' | 'invoke'>

export interface AttemptDeps {
  readonly swarm: TaskSwarm
  readonly clock: Clock
  readonly sha256: Sha256
  readonly random: () => number
  readonly slots: Slots
}

/** One try of a step with one agent. */
export interface AttemptWork {
  /** Handle. */
  readonly agent: string
  /** Of its node; empty when it is not known. */
  readonly spiffeId: string
  readonly streaming: boolean
  /** The agent honours the idempotency key: the same message may be sent again. */
  readonly idempotent: boolean
  /** An unknown outcome may be tried again, so there is no need to wait for it to the last. */
  readonly repeatable: boolean
  /** Whole, with its ID. */
  readonly message: MessageInitShape<typeof MessageSchema>
  /** The message may have been sent before. */
  readonly resumed: boolean
  /** The agent's task when it is known; otherwise empty. */
  readonly taskId: string
  /** Answer to what the agent asked, to be sent to its task before anything else. */
  readonly reply?: MessageInitShape<typeof MessageSchema>
  /** ID of the message that asks what `reply` answers. */
  readonly question?: string
  /** For one call, in milliseconds. */
  readonly timeoutMs: number
  readonly translate?: CallSettings['translate']
  /** A slot taken for the first call already. */
  readonly slot?: () => void
  readonly say: (word: AttemptWord) => void
}
