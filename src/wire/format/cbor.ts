import type { JsonValue } from '@bufbuild/protobuf'
import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire'
import { encode, rfc8949EncodeOptions, type Token, Tokenizer, Type } from 'cborg'
import { BrokenValue, inside } from './broken-value.ts'

/** Nested as deep as protobuf's codecs go. */
const MAX_DEPTH = 100

/** Values in one item; as wire/decode.ts counts fields: an empty list is one byte here and a hundred in memory. */
const MAX_VALUES = 250_000

/** Bytes in JSON: an object with this one key, its value standard base64 with padding. */
const BYTES_KEY = '$base64'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Self-described CBOR (RFC 8949, 3.4.6): the only tag that is taken, and only around everything. */
const SELF_DESCRIBED = 55_799

/**
 * One CBOR item as JSON. Strict where something could be hidden or lost: keys are texts and each stands once, texts are UTF-8, no tags, no undefined and other simple
 * values, no NaN and infinities, integers within 2^53, nothing after the item. Lengths of any form are taken, since encoders in the field write all of them.
 * Bytes become {"$base64": "..."}, which `toCbor` makes bytes again. Throws BrokenValue.
 */
export function fromCbor(bytes: Uint8Array): JsonValue {
  const reader = new Reader(bytes)
  const value = reader.value('', 0)
  reader.end()
  return value
}

/** JSON as one CBOR item, deterministic (RFC 8949, 4.2). Throws BrokenValue. */
export function toCbor(value: JsonValue): Uint8Array {
  try {
    return encode(prepared(value, '', 0), rfc8949EncodeOptions)
  } catch (cause) {
    if (cause instanceof BrokenValue) throw cause
    throw new BrokenValue('', cause instanceof Error ? cause.message : 'not encodable')
  }
}

function prepared(value: JsonValue, path: string, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) throw new BrokenValue(path, `nested deeper than ${MAX_DEPTH} levels`)
  if (Array.isArray(value)) return value.map((item, index) => prepared(item, inside(path, index), depth + 1))
  const bytes = bytesOf(value)
  if (bytes !== undefined) return bytes
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, prepared(item, inside(path, key), depth + 1)]))
}

function bytesOf(value: { readonly [key: string]: JsonValue }): Uint8Array | undefined {
  const only = Object.keys(value)
  const text = value[BYTES_KEY]
  if (only.length !== 1 || typeof text !== 'string' || !BASE64.test(text)) return undefined
  const bytes = base64Decode(text)
  // Base64 with bits to spare would not come back as it was.
  return base64Encode(bytes) === text ? bytes : undefined
}

class Reader {
  readonly #tokens: Tokenizer
  #left = MAX_VALUES

  constructor(bytes: Uint8Array) {
    // Texts are checked from their bytes, for cborg replaces what is not UTF-8.
    this.#tokens = new Tokenizer(bytes, { retainStringBytes: true, allowNaN: false, allowInfinity: false, allowBigInt: false })
  }

  value(path: string, depth: number): JsonValue {
    const value = this.#item(path, depth)
    if (value === undefined) throw new BrokenValue(path, 'a break where a value belongs')
    return value
  }

  end(): void {
    if (!this.#tokens.done()) throw new BrokenValue('', 'something after the CBOR item')
  }

  /** Undefined for a break. */
  #item(path: string, depth: number): JsonValue | undefined {
    const token = this.#next(path)
    const is = (type: Type) => Type.equals(token.type, type)
    if (is(Type.break)) return undefined
    if (is(Type.array)) return this.#list(Number(token.value), path, depth + 1)
    if (is(Type.map)) return this.#map(Number(token.value), path, depth + 1)
    if (is(Type.string)) return text(token, path)
    if (is(Type.bytes)) return { [BYTES_KEY]: base64Encode(token.value as Uint8Array) }
    if (is(Type.true)) return true
    if (is(Type.false)) return false
    if (is(Type.null)) return null
    if (is(Type.uint) || is(Type.negint) || is(Type.float)) return number(token.value, path)
    if (is(Type.tag) && token.value === SELF_DESCRIBED && path === '' && depth === 0) return this.value(path, depth)
    throw new BrokenValue(path, is(Type.tag) ? `tag ${token.value} has no place in JSON` : `${token.type.name} has no place in JSON`)
  }

  #list(length: number, path: string, depth: number): JsonValue[] {
    if (depth > MAX_DEPTH) throw new BrokenValue(path, `nested deeper than ${MAX_DEPTH} levels`)
    const list: JsonValue[] = []
    while (list.length < length) {
      const item = length === Infinity ? this.#item(inside(path, list.length), depth) : this.value(inside(path, list.length), depth)
      if (item === undefined) break
      list.push(item)
    }
    return list
  }

  #map(length: number, path: string, depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw new BrokenValue(path, `nested deeper than ${MAX_DEPTH} levels`)
    const map: Record<string, JsonValue> = {}
    let count = 0
    for (; count < length; count++) {
      const token = this.#next(path)
      if (length === Infinity && Type.equals(token.type, Type.break)) break
      if (!Type.equals(token.type, Type.string)) throw new BrokenValue(path, `a key that is no text, but ${token.type.name}`)
      const key = text(token, path)
      const at = inside(path, key)
      if (key === '__proto__') throw new BrokenValue(at, 'a key that objects cannot have')
      if (Object.hasOwn(map, key)) throw new BrokenValue(at, 'a key that stands twice')
      map[key] = this.value(at, depth)
    }
    // It would come back as bytes.
    if (count === 1 && typeof map[BYTES_KEY] === 'string' && bytesOf(map) !== undefined)
      throw new BrokenValue(path, `a map that says ${BYTES_KEY}, which stands for bytes`)
    return map
  }

  #next(path: string): Token {
    if (--this.#left < 0) throw new BrokenValue(path, `more than ${MAX_VALUES} values`)
    if (this.#tokens.done()) throw new BrokenValue(path, 'the CBOR ends too early')
    try {
      return this.#tokens.next()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message.replace(/^CBOR decode error: /, '') : 'broken'
      throw new BrokenValue(path, `not CBOR: ${why}`)
    }
  }
}

function text(token: Token, path: string): string {
  try {
    return token.byteValue === undefined ? String(token.value) : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(token.byteValue)
  } catch {
    throw new BrokenValue(path, 'a text that is not UTF-8')
  }
}

function number(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new BrokenValue(path, 'a number that JSON cannot carry: not finite, or beyond 2^53')
  return value
}
