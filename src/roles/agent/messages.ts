import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import type { FragmentStream } from '../../ports/rpc.ts'
import { HansaError } from '../../schema/errors.ts'

/** A frame has 64 KiB, of which its head takes four bytes. */
const FRAGMENT_BYTES = 64 * 1024 - 4

/** The next whole message, or undefined when the other side has ended. Throws FRAME_TOO_LARGE above `maxBytes`, MALFORMED for an end in the middle. */
export async function readMessage(stream: FragmentStream, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const fragment = await stream.read()
    if (fragment === undefined) {
      if (parts.length === 0) return undefined
      throw new HansaError('MALFORMED', `the stream ended in the middle of a message, after ${size} bytes`)
    }
    size += fragment.bytes.length
    if (size > maxBytes) throw tooLarge(size, maxBytes)
    if (fragment.last && parts.length === 0) return fragment.bytes
    // Empty fragments carry nothing and would let a peer grow the list for ever.
    if (fragment.bytes.length > 0) parts.push(fragment.bytes)
    if (fragment.last) return join(parts, size)
  }
}

/** Sends one message, in fragments when it is long; resolves when the other side has taken enough that more may follow. */
export async function writeMessage(stream: FragmentStream, bytes: Uint8Array, maxBytes: number): Promise<void> {
  if (bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes)
  let from = 0
  do {
    const to = Math.min(bytes.length, from + FRAGMENT_BYTES)
    await stream.write({ bytes: bytes.subarray(from, to), last: to === bytes.length })
    from = to
  } while (from < bytes.length)
}

/** Bytes of the other side as a message of the schema; throws MALFORMED. */
export function decodeMessage<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S> {
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw new HansaError('MALFORMED', `a ${schema.typeName} that cannot be decoded`, {}, cause)
  }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function tooLarge(size: number, bound: number): HansaError {
  return new HansaError('FRAME_TOO_LARGE', `a message of at least ${size} bytes; the bound is ${bound}`, { bound })
}
