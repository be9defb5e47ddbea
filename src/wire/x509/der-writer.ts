import { DerError, TAG } from './der.ts'

/** One element with its head. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0)
  const head = length < 0x80 ? [length] : lengthBytes(length)
  const bytes = new Uint8Array(1 + head.length + length)
  bytes[0] = tag
  bytes.set(head, 1)
  let at = 1 + head.length
  for (const content of contents) {
    bytes.set(content, at)
    at += content.length
  }
  return bytes
}

export function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, ...contents)
}

/** INTEGER of unsigned big-endian bytes. */
export function integer(digits: Uint8Array): Uint8Array {
  const start = digits.findIndex((byte) => byte !== 0)
  const trimmed = start === -1 ? Uint8Array.of(0) : digits.subarray(start)
  return (trimmed[0] ?? 0) >= 0x80 ? element(TAG.integer, Uint8Array.of(0), trimmed) : element(TAG.integer, trimmed)
}

/** INTEGER of a whole number from 0 to 2^48. */
export function small(value: number): Uint8Array {
  const digits: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return integer(Uint8Array.from(digits))
}

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left % 128) + 128)
    return digits
  })
  return element(TAG.oid, Uint8Array.from(bytes))
}

export function utf8(text: string): Uint8Array {
  return element(TAG.utf8String, new TextEncoder().encode(text))
}

/** BIT STRING of whole bytes. */
export function bits(bytes: Uint8Array): Uint8Array {
  return element(TAG.bitString, Uint8Array.of(0), bytes)
}

/** UTCTime up to 2049, GeneralizedTime from 2050; seconds are cut, not rounded (RFC 5280 4.1.2.5). */
export function time(ms: number): Uint8Array {
  const digits = digitsOf(ms)
  const late = Number(digits.slice(0, 4)) >= 2050
  return element(late ? TAG.generalizedTime : TAG.utcTime, new TextEncoder().encode(late ? digits : digits.slice(2)))
}

/** GeneralizedTime for every year, as OCSP has it (RFC 6960 4.2.2.1); seconds are cut, not rounded. */
export function generalizedTime(ms: number): Uint8Array {
  return element(TAG.generalizedTime, new TextEncoder().encode(digitsOf(ms)))
}

function digitsOf(ms: number): string {
  const digits = new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '') + 'Z'
  if (digits.length !== 15) throw new DerError('a year beyond 9999')
  return digits
}

/** Extension (RFC 5280 4.1); `value` is the DER inside the OCTET STRING. */
export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [element(TAG.boolean, Uint8Array.of(0xff))] : []
  return sequence(oid(id), ...flag, element(TAG.octetString, value))
}

function lengthBytes(length: number): number[] {
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return [0x80 + digits.length, ...digits]
}
