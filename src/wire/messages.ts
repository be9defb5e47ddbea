import { HansaError } from '../schema/errors.ts'
import { MAX_FRAGMENT } from './frames.ts'

/** Part of a message; `last` ends it. */
interface Fragment {
  readonly bytes: Uint8Array
  readonly last: boolean
}

/** A message in as few fragments as it takes; an empty message is one empty fragment. */
export function* fragmentsOf(message: Uint8Array): Generator<Fragment, void, undefined> {
  let from = 0
  do {
    const to = Math.min(message.length, from + MAX_FRAGMENT)
    yield { bytes: message.subarray(from, to), last: to === message.length }
    from = to
  } while (from < message.length)
}

/** Sends one message, waiting whenever the other side is slower. */
export async function writeMessage(stream: { write(fragment: Fragment): Promise<void> }, message: Uint8Array): Promise<void> {
  for (const fragment of fragmentsOf(message)) await stream.write(fragment)
}

/**
 * The next whole message, or undefined when the other side has ended. What is held meanwhile is taken from `account`. Throws FRAME_TOO_LARGE above `maxBytes`,
 * MALFORMED for an end in the middle, and what `account` throws.
 */
export async function readMessage(
  stream: { read(): Promise<Fragment | undefined> },
  maxBytes: number,
  account?: { take(bytes: number): void }
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  let begun = false
  for (;;) {
    const fragment = await stream.read()
    if (fragment === undefined) {
      if (!begun) return undefined
      throw new HansaError('MALFORMED', `the stream ended in the middle of a message, after ${size} bytes`)
    }
    begun = true
    size += fragment.bytes.length
    checkMessageLength(size, maxBytes)
    account?.take(fragment.bytes.length)
    if (fragment.last && parts.length === 0) return fragment.bytes
    // Empty fragments carry nothing and would let a peer grow the list for ever.
    if (fragment.bytes.length > 0) parts.push(fragment.bytes)
    if (fragment.last) return join(parts, size)
  }
}

/** Throws FRAME_TOO_LARGE (metadata: bound). */
export function checkMessageLength(length: number, bound: number): void {
  if (length > bound) throw new HansaError('FRAME_TOO_LARGE', `a message of more than ${bound} bytes`, { bound })
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
