/** Values that lengths, tags and counters go wrong at. */
const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff]
/** Bytes that mean something in one of the formats: JSON, PEM, lines, base64, DER tags. */
const MEANINGFUL = new TextEncoder().encode('{}[]",:\\\r\n-=0\u0002\u0004\u0006\u0030\u0031')
const MAX_CHANGES = 8
/** Longer inputs find little that shorter ones do not, and slow everything down. */
const MAX_BYTES = 64 * 1024

type Change = (bytes: Uint8Array, random: (below: number) => number, other: Uint8Array) => Uint8Array

const CHANGES: readonly Change[] = [
  (bytes, random) => put(bytes, random(bytes.length), (byte) => byte ^ (1 << random(8))),
  (bytes, random) => put(bytes, random(bytes.length), () => EDGES[random(EDGES.length)] ?? 0),
  (bytes, random) => put(bytes, random(bytes.length), () => MEANINGFUL[random(MEANINGFUL.length)] ?? 0),
  // A varint or a length that grows.
  (bytes, random) => insert(bytes, random(bytes.length + 1), new Uint8Array(1 + random(9)).fill(0xff)),
  (bytes, random) =>
    insert(
      bytes,
      random(bytes.length + 1),
      Uint8Array.from({ length: 1 + random(16) }, () => random(256))
    ),
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => {
    const from = random(bytes.length + 1)
    return join(bytes.subarray(0, from), bytes.subarray(from + 1 + random(32)))
  },
  // A piece once more, many times: nesting and repetition.
  (bytes, random) => {
    const from = random(bytes.length + 1)
    const piece = bytes.subarray(from, from + 1 + random(32))
    return insert(bytes, from, join(...Array.from({ length: 1 + random(200) }, () => piece)))
  },
  (bytes, random, other) => join(bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1)))
]

/** A valid input with one to eight changes; `random` gives numbers in [0, 1), `other` is another input to splice with. */
export function mutate(input: Uint8Array, other: Uint8Array, random: () => number): Uint8Array {
  const draw = (below: number) => Math.floor(random() * below)
  let bytes = input
  for (let left = 1 + draw(MAX_CHANGES); left > 0; left--) bytes = CHANGES[draw(CHANGES.length)]?.(bytes, draw, other) ?? bytes
  return bytes.slice(0, MAX_BYTES)
}

function put(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice()
  if (at < copy.length) copy[at] = change(copy[at] ?? 0)
  return copy
}

function insert(bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array {
  return join(bytes.subarray(0, at), piece, bytes.subarray(at))
}

function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}
