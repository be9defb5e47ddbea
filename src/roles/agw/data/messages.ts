import type { FragmentStream } from '../../../ports/rpc.ts'
import { HansaError } from '../../../schema/errors.ts'
import { MAX_FRAGMENT } from '../../../wire/frames.ts'

/** A message in as few fragments as it takes; an empty message is one empty fragment. */
export function* fragmentsOf(message: Uint8Array): Generator<{ readonly bytes: Uint8Array; readonly last: boolean }, void, undefined> {
  let from = 0
  do {
    const to = Math.min(message.length, from + MAX_FRAGMENT)
    yield { bytes: message.subarray(from, to), last: to === message.length }
    from = to
  } while (from < message.length)
}

/** Sends one message, waiting whenever the other side is slower. */
export async function writeMessage(stream: Pick<FragmentStream, 'write'>, message: Uint8Array): Promise<void> {
  for (const fragment of fragmentsOf(message)) await stream.write(fragment)
}

/** The next whole message, or undefined when the other side has ended. Throws FRAME_TOO_LARGE above `maxBytes`, MALFORMED for an end in the middle. */
export async function readMessage(stream: Pick<FragmentStream, 'read'>, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const fragment = await stream.read()
    if (fragment === undefined) {
      if (parts.length === 0) return undefined
      throw new HansaError('MALFORMED', `the stream ended in the middle of a message, after ${size} bytes`)
    }
    size += fragment.bytes.length
    if (size > maxBytes) throw new HansaError('FRAME_TOO_LARGE', `a message of more than ${maxBytes} bytes`, { bound: maxBytes })
    if (fragment.last && parts.length === 0) return fragment.bytes
    // Empty fragments carry nothing and would let a peer grow the list for ever.
    if (fragment.bytes.length > 0) parts.push(fragment.bytes)
    if (fragment.last) return join(parts, size)
  }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const message = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    message.set(part, at)
    at += part.length
  }
  return message
}
