import type { SelectFn, ValidateFn } from '@libp2p/kad-dht'
import { Libp2pRecord } from '@libp2p/record'
import { Key } from 'interface-datastore'
import { toString } from 'uint8arrays'
import type { RecordRules } from '../../ports/dht.ts'
import { HansaError } from '../../schema/errors.ts'
import type { BoundedDatastore } from './bounded-datastore.ts'

/** Above every record of Hansa; the rules of a namespace bound theirs more tightly. */
const MAX_VALUE = 64 * 1024
const MAX_KEY = 512

/** What this node holds under a DHT key. */
export type StoredRecords = (key: string) => Uint8Array | undefined

/** Reads kad-dht's own records; the prefix is kad-dht's. */
export function storedRecords(datastore: BoundedDatastore): StoredRecords {
  return (key) => {
    const name = new Key(`/dht/record/${toString(Buffer.from(key), 'base32')}`, false)
    if (!datastore.has(name)) return undefined
    return Libp2pRecord.deserialize(datastore.get(name)).value
  }
}

/** First part of /<namespace>/<rest>. */
export function namespaceOf(key: string): string {
  return key.split('/', 2)[1] ?? ''
}

/**
 * kad-dht's validators, by namespace. Its PUT handler does not compare with what is stored: anybody could put a replayed older record in the place of a newer one.
 * So the rule sees the stored value too, and refuses.
 */
export function validators(rules: Readonly<Record<string, RecordRules>>, stored: StoredRecords): Record<string, ValidateFn> {
  return mapRules(rules, (rule) => (keyBytes, value) => {
    if (keyBytes.length > MAX_KEY || value.length > MAX_VALUE)
      throw new HansaError('FRAME_TOO_LARGE', `a DHT value of ${value.length} bytes; the bound is ${MAX_VALUE}`, { bound: MAX_VALUE })
    const key = toString(keyBytes)
    rule.validate(key, value, stored(key))
  })
}

export function selectors(rules: Readonly<Record<string, RecordRules>>): Record<string, SelectFn> {
  return mapRules(rules, (rule) => (keyBytes, values) => rule.select(toString(keyBytes), values))
}

function mapRules<T>(rules: Readonly<Record<string, RecordRules>>, make: (rule: RecordRules) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(rules).map(([namespace, rule]) => [namespace, make(rule)]))
}
