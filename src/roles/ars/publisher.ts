import { republishAfter } from '../../core/dht/republish.ts'
import { toHansaError } from '../../schema/errors.ts'
import type { ArsDeps } from './deps.ts'

/** How often the publisher looks what is due. */
const TICK_MS = 500

interface Item {
  /** Says it on the DHT; true when at least one other node took it. */
  readonly say: (signal: AbortSignal) => Promise<boolean>
  due: number
  rounds: number
  failures: number
  running: boolean
}

/** Says things on the DHT, again and again, well before they are forgotten there (draft 3.5). A few at a time. */
export class Publisher {
  readonly #deps: ArsDeps
  readonly #interval: number
  readonly #width: number
  readonly #items = new Map<string, Item>()
  readonly #names = new Set<string>()
  #running = 0
  #stopped = new AbortController()
  #stopTick: (() => void) | undefined

  constructor(deps: ArsDeps, settings: { readonly republishMs: number; readonly publishing: number }) {
    this.#deps = deps
    this.#interval = settings.republishMs
    this.#width = settings.publishing
  }

  start(): void {
    this.#stopped = new AbortController()
    this.#stopTick = this.#deps.clock.every(TICK_MS, () => this.#work())
    this.#work()
  }

  stop(): void {
    this.#stopTick?.()
    this.#stopTick = undefined
    this.#stopped.abort()
  }

  /** Things said so far and not taken back. */
  get size(): number {
    return this.#items.size
  }

  /** Keeps a value on the DHT until `drop`; in place of what was there under the key. */
  keep(key: string, value: Uint8Array): void {
    this.#add(key, async (signal) => (await this.#deps.dht.put(key, value, signal)) > 0)
  }

  /** No longer repeats a value; the DHT forgets it when it expires. */
  drop(key: string): void {
    this.#items.delete(key)
  }

  /** Makes `names` the set of what this node says it provides. */
  provide(names: ReadonlySet<string>): void {
    for (const name of names) {
      if (this.#names.has(name)) continue
      this.#names.add(name)
      this.#add(itemOf(name), async (signal) => {
        await this.#deps.dht.provide(name, signal)
        return true
      })
    }
    for (const name of this.#names) {
      if (names.has(name)) continue
      this.#names.delete(name)
      this.#items.delete(itemOf(name))
      void this.#deps.dht.withdraw(name).catch((error: unknown) => this.#deps.log.debug({ name, error }, 'a provider entry was not withdrawn'))
    }
  }

  #add(id: string, say: Item['say']): void {
    this.#items.set(id, { say, due: this.#deps.clock.monotonic(), rounds: 0, failures: 0, running: false })
    if (this.#stopTick !== undefined) this.#work()
  }

  #work(): void {
    const now = this.#deps.clock.monotonic()
    for (const [id, item] of this.#items) {
      if (this.#running >= this.#width) return
      if (!item.running && item.due <= now) void this.#run(id, item)
    }
  }

  async #run(id: string, item: Item): Promise<void> {
    item.running = true
    this.#running++
    let taken = false
    try {
      taken = await item.say(this.#stopped.signal)
    } catch (thrown) {
      if (!this.#stopped.signal.aborted) this.#deps.log.warn({ id, error: toHansaError(thrown) }, 'the DHT refused what this server publishes')
    }
    this.#running--
    item.running = false
    item.failures = taken ? 0 : item.failures + 1
    item.rounds += taken ? 1 : 0
    item.due = this.#deps.clock.monotonic() + republishAfter(item, this.#interval)
    if (this.#stopTick !== undefined) this.#work()
  }
}

function itemOf(name: string): string {
  return `provide ${name}`
}
