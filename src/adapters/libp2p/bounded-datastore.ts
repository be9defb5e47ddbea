import { BaseDatastore } from 'datastore-core'
import { NotFoundError } from '@libp2p/interface'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'

interface Bound {
  readonly entries: number
  readonly bytes: number
}

/** What strangers can make a node keep, by first part of the key. A record is at most some 64 KiB, a provider entry some 100 bytes. */
const BOUNDS: Readonly<Record<string, Bound>> = {
  '/dht/record': { entries: 20_000, bytes: 64 * 1024 * 1024 },
  '/dht/provider': { entries: 50_000, bytes: 16 * 1024 * 1024 },
  '/peers': { entries: 20_000, bytes: 32 * 1024 * 1024 },
  '/': { entries: 1_000, bytes: 1024 * 1024 }
}

const KINDS = Object.keys(BOUNDS)

/** Entries of one name lie right under this and its CID, nowhere deeper. */
const PROVIDERS_OF = '/dht/provider/'

/**
 * libp2p's datastore in memory: DHT records, provider entries, peers. Whoever can speak to a node can make entries, so each class is bounded; when it is
 * full, what was written longest ago goes (honest nodes write theirs again and again). Keys are grouped by their parent, because kad-dht asks for the
 * providers of one name by prefix and a scan of everything would cost milliseconds.
 */
export class BoundedDatastore extends BaseDatastore {
  readonly #values = new Map<string, Map<string, Uint8Array>>(KINDS.map((kind) => [kind, new Map()]))
  readonly #bytes = new Map<string, number>()
  readonly #groups = new Map<string, Set<string>>()
  readonly #bounds: Readonly<Record<string, Bound>>

  constructor(bounds = BOUNDS) {
    super()
    this.#bounds = bounds
  }

  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    const kind = kindOf(name)
    const values = this.#values.get(kind)
    if (values === undefined) throw new Error(`no class for the key ${name}`)
    this.#remove(kind, name)
    // At the end of the map again: the first entry is the one written longest ago.
    values.set(name, value)
    this.#bytes.set(kind, (this.#bytes.get(kind) ?? 0) + value.length)
    const group = parentOf(name)
    const members = this.#groups.get(group)
    if (members === undefined) this.#groups.set(group, new Set([name]))
    else members.add(name)
    const bound = this.#bounds[kind]
    for (const oldest of values.keys()) {
      if (bound === undefined || (values.size <= bound.entries && (this.#bytes.get(kind) ?? 0) <= bound.bytes)) break
      this.#remove(kind, oldest)
    }
    return key
  }

  override get(key: Key): Uint8Array {
    const value = this.#values.get(kindOf(key.toString()))?.get(key.toString())
    if (value === undefined) throw new NotFoundError()
    return value
  }

  override has(key: Key): boolean {
    return this.#values.get(kindOf(key.toString()))?.has(key.toString()) ?? false
  }

  override delete(key: Key): void {
    this.#remove(kindOf(key.toString()), key.toString())
  }

  override *_all(query: Query): Generator<Pair> {
    for (const key of this.#names(query.prefix)) yield { key, value: this.get(key) }
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    yield* this.#names(query.prefix)
  }

  /** A copy: whoever iterates may delete as it goes. */
  #names(prefix = ''): Key[] {
    const exact = prefix.startsWith(PROVIDERS_OF) ? (this.#groups.get(prefix) ?? []) : undefined
    const names =
      exact !== undefined ? [...exact] : [...this.#values.values()].flatMap((values) => [...values.keys()]).filter((name) => name.startsWith(prefix))
    return names.map((name) => new Key(name, false))
  }

  #remove(kind: string, name: string): void {
    const values = this.#values.get(kind)
    const value = values?.get(name)
    if (values === undefined || value === undefined) return
    values.delete(name)
    this.#bytes.set(kind, (this.#bytes.get(kind) ?? 0) - value.length)
    const group = parentOf(name)
    const members = this.#groups.get(group)
    members?.delete(name)
    if (members?.size === 0) this.#groups.delete(group)
  }
}

function kindOf(name: string): string {
  return KINDS.find((kind) => name.startsWith(kind)) ?? '/'
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/'))
}
