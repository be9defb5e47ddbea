import type { ByteAccount } from '../../../../core/structures/byte-budget.ts'
import type { Fragment } from '../../../../ports/rpc.ts'
import { methods } from '../../../../wire/methods.ts'
import { fragmentsOf, readMessage } from '../../../../wire/messages.ts'
import type { Incoming } from '../incoming.ts'

/** Changes the messages of one call on their way; each gets and gives whole encoded messages. */
export interface Adapter {
  /** The caller's request. */
  request?(message: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** One answer of the agent; none or several may come of it. */
  response?(message: Uint8Array): readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  /** The agent has ended in order: what was held back. */
  end?(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>
}

/**
 * The caller's side of a call with an adapter between it and the agent. Only such calls are put together here; all others pass in fragments. What is held is taken
 * from `account`, one message at a time in each direction.
 */
export function adaptIncoming(incoming: Incoming, adapter: Adapter, account: () => ByteAccount): Incoming {
  let request: Iterator<Fragment, void> | undefined
  let parts: Fragment[] = []
  let held = account()

  async function read(): Promise<Fragment | undefined> {
    if (adapter.request === undefined) return incoming.read()
    if (request === undefined) {
      const mine = account()
      try {
        const bytes = await readMessage(incoming, methods.relay.maxBytes, mine)
        if (bytes === undefined) return undefined
        request = fragmentsOf(await adapter.request(bytes))
      } finally {
        mine.release()
      }
    }
    const next = request.next()
    return next.done ? incoming.read() : next.value
  }

  async function write(fragment: Fragment): Promise<void> {
    if (adapter.response === undefined) return incoming.write(fragment)
    held.take(fragment.bytes.length)
    parts.push(fragment)
    if (!fragment.last) return
    const whole = parts
    try {
      parts = []
      const bytes = await readMessage({ read: () => Promise.resolve(whole.shift()) }, methods.relay.maxBytes)
      if (bytes !== undefined) await writeAll(await adapter.response(bytes))
    } finally {
      held.release()
      held = account()
    }
  }

  async function writeAll(messages: readonly Uint8Array[]): Promise<void> {
    for (const message of messages) for (const fragment of fragmentsOf(message)) await incoming.write(fragment)
  }

  return {
    read,
    write,
    async finish() {
      if (adapter.end !== undefined) await writeAll(await adapter.end())
      await incoming.finish?.()
    },
    setTrailer: (bytes) => incoming.setTrailer(bytes),
    signal: incoming.signal,
    timeoutMs: incoming.timeoutMs,
    traceparent: incoming.traceparent
  }
}
