import { createHash } from 'node:crypto'
import type { Libp2p, PeerInfo } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import type { Dht, Provider, RecordRules } from '../../ports/dht.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { namespaceOf, type StoredRecords } from './record-rules.ts'

/** Deadline of a look-up when the caller's signal is later or absent. */
const READ_MS = 3_000
const WRITE_MS = 10_000
/** Equal or older values after which a read is content; the rest of the query would only visit more holders of the same. */
const QUORUM = 3
const MAX_ADDRESSES = 16
const RAW = 0x55
const SHA2_256 = 0x12

/** The Dht port over kad-dht. */
export class KadDht implements Dht {
  readonly #node: Libp2p
  readonly #kad: KadDHT
  readonly #rules: Readonly<Record<string, RecordRules>>
  readonly #stored: StoredRecords
  readonly #log: Log

  constructor(node: Libp2p, kad: KadDHT, rules: Readonly<Record<string, RecordRules>>, stored: StoredRecords, log: Log) {
    this.#node = node
    this.#kad = kad
    this.#rules = rules
    this.#stored = stored
    this.#log = log
  }

  async put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<number> {
    // kad-dht stores a value at home without looking at it.
    this.#rulesOf(key).validate(key, value, this.#stored(key))
    let taken = 0
    try {
      for await (const event of this.#kad.put(Buffer.from(key), value, { signal: deadline(signal, WRITE_MS) })) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') taken++
      }
    } catch (error) {
      this.#unlessCanceled(signal, error, { key }, 'a DHT value was not stored everywhere')
    }
    return taken
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const rules = this.#rulesOf(key)
    let best: Uint8Array | undefined
    let found = 0
    try {
      for await (const event of this.#kad.get(Buffer.from(key), { signal: deadline(signal, READ_MS) })) {
        const value = event.name === 'VALUE' ? event.value : event.name === 'PEER_RESPONSE' ? event.record?.value : undefined
        if (value === undefined) continue
        best = best === undefined || rules.select(key, [best, value]) === 1 ? value : best
        if (++found >= QUORUM) break
      }
    } catch (error) {
      // One holder that refuses a correction makes kad-dht throw: what was found still counts. Nothing found is no error either.
      this.#unlessCanceled(signal, error, { key }, 'a DHT read ended early')
    }
    return best
  }

  async provide(name: string, signal?: AbortSignal): Promise<void> {
    try {
      for await (const event of this.#kad.provide(cidOf(name), { signal: deadline(signal, WRITE_MS) })) void event
    } catch (error) {
      this.#unlessCanceled(signal, error, { name }, 'not all DHT peers know what we provide')
    }
  }

  async withdraw(name: string): Promise<void> {
    await this.#kad.cancelReprovide(cidOf(name))
  }

  async *providers(name: string, limit: number, signal?: AbortSignal): AsyncIterable<Provider> {
    const seen = new Set<string>()
    try {
      for await (const event of this.#kad.findProviders(cidOf(name), { signal: deadline(signal, READ_MS) })) {
        if (event.name !== 'PROVIDER' && event.name !== 'PEER_RESPONSE') continue
        for (const info of event.providers) {
          if (seen.size >= limit) return
          const peer = info.id.toString()
          if (seen.has(peer)) continue
          seen.add(peer)
          yield { peer, addresses: await this.#addresses(info) }
        }
        if (seen.size >= limit) return
      }
    } catch (error) {
      this.#unlessCanceled(signal, error, { name }, 'a DHT look-up ended early')
    }
  }

  async #addresses(info: PeerInfo): Promise<string[]> {
    if (info.id.equals(this.#node.peerId)) return this.#node.getMultiaddrs().map(String)
    return info.multiaddrs.slice(0, MAX_ADDRESSES).map(String)
  }

  #rulesOf(key: string): RecordRules {
    const rules = this.#rules[namespaceOf(key)]
    if (rules === undefined) throw new HansaError('INVALID_ARGUMENT', `no rules for the DHT key ${JSON.stringify(key.slice(0, 100))}`)
    return rules
  }

  #unlessCanceled(signal: AbortSignal | undefined, error: unknown, fields: object, message: string): void {
    if (signal?.aborted === true) return
    this.#log.debug({ err: error, ...fields }, message)
  }
}

function deadline(signal: AbortSignal | undefined, ms: number): AbortSignal {
  const timeout = AbortSignal.timeout(ms)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}

/** Provider entries are kept under a CID: the raw SHA-256 of the name. */
function cidOf(name: string): CID {
  return CID.createV1(RAW, Digest.create(SHA2_256, createHash('sha256').update(name).digest()))
}
