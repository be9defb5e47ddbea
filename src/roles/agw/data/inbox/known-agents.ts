import { create, toBinary } from '@bufbuild/protobuf'
import type { Clock } from '../../../../ports/clock.ts'
import type { Log } from '../../../../ports/log.ts'
import type { Store } from '../../../../ports/store.ts'
import { type KnownAgent, KnownAgentSchema } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { decode } from '../../../../wire/decode.ts'

const TABLE = 'inbox-agents'

/** How long an agent is remembered that does not come back, in milliseconds: as long as a message may wait. */
const KEEP_MS = 7 * 86_400_000

/** An agent that stays attached is noted again this often, so that a gateway that is killed still knows when it was there. */
const TOUCH_MS = 3_600_000

/** Twice as many as may be attached; who was seen least recently gives way. */
const MAX_AGENTS = 20_000

/** The agents that have been attached here: messages for them may wait, also after a restart of this gateway and before they have come back. */
export class KnownAgents {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #agents = new Map<string, KnownAgent>()

  constructor(deps: { readonly store: Store; readonly clock: Clock; readonly log: Log }) {
    this.#store = deps.store
    this.#clock = deps.clock
    this.#log = deps.log
    const known = [...deps.store.entries(TABLE)].map(([, bytes]) => decode(KnownAgentSchema, bytes))
    for (const agent of known.sort((a, b) => Number(a.seenAt - b.seenAt))) this.#agents.set(agent.handle, agent)
  }

  /** It is attached now, or was until now. */
  seen(handle: string, capabilities: readonly string[]): void {
    const agent = create(KnownAgentSchema, { handle, capabilities: [...capabilities], seenAt: BigInt(Math.trunc(this.#clock.now())) })
    this.#agents.delete(handle)
    this.#agents.set(handle, agent)
    this.#store.put(TABLE, handle, toBinary(KnownAgentSchema, agent))
    this.#forgetOld()
    this.#commit()
  }

  /** Its registration has ended: nothing waits for it any longer. */
  forget(handle: string): void {
    if (!this.#agents.delete(handle)) return
    this.#store.delete(TABLE, handle)
    this.#commit()
  }

  get(handle: string): KnownAgent | undefined {
    const agent = this.#agents.get(handle)
    return agent !== undefined && this.#clock.now() - Number(agent.seenAt) < KEEP_MS ? agent : undefined
  }

  /** Call it from time to time, with who is attached. */
  sweep(attached: (handle: string) => boolean): void {
    const now = this.#clock.now()
    for (const { handle, capabilities, seenAt } of [...this.#agents.values()]) {
      if (now - Number(seenAt) < TOUCH_MS) continue
      if (attached(handle)) this.seen(handle, capabilities)
    }
    this.#forgetOld()
  }

  /** In order of their last time, oldest first. */
  #forgetOld(): void {
    const now = this.#clock.now()
    for (const [handle, { seenAt }] of this.#agents) {
      if (this.#agents.size <= MAX_AGENTS && now - Number(seenAt) < KEEP_MS) break
      this.#agents.delete(handle)
      this.#store.delete(TABLE, handle)
    }
  }

  /** Nobody waits for it: an agent that is not remembered is one for which a message is refused, not lost. */
  #commit(): void {
    this.#store.commit().catch((error: unknown) => this.#log.error({ error }, 'cannot note which agents are attached'))
  }
}
