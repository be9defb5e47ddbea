import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { readCsv } from './read-csv.ts'
import { readTmx } from './read-tmx.ts'
import { TranslationMemory } from './translation-memory.ts'
import { MAX_FILE_BYTES, type Unit } from './unit.ts'

/** How often files are looked at, in milliseconds: who replaces one wants to see it at once. */
const LOOK_MS = 2_000

interface Held {
  readonly mark: string
  readonly units: readonly Unit[]
}

/** Translation memories and glossaries from files (TMX, CSV). A replaced file takes effect by itself; a broken one leaves what was read before, and is told. */
export class MemoryFiles {
  readonly #files: readonly string[]
  readonly #threshold: number
  readonly #deps: { readonly clock: Clock; readonly log: Log }
  readonly #held = new Map<string, Held>()
  #memory: TranslationMemory
  #stop: () => void = () => undefined
  #looking = false
  /** Grows with each change: what was translated by an older one is asked for anew. */
  version = 0

  constructor(files: readonly string[], threshold: number, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#files = files
    this.#threshold = threshold
    this.#deps = deps
    this.#memory = new TranslationMemory([], threshold)
  }

  get memory(): TranslationMemory {
    return this.#memory
  }

  /** Throws CONFIG_INVALID naming the file: a memory that was configured and is not there would be missed only by wrong answers. */
  async start(): Promise<void> {
    for (const file of this.#files) this.#held.set(file, await load(file))
    this.#rebuild()
    if (this.#files.length > 0) this.#stop = this.#deps.clock.every(LOOK_MS, () => void this.look())
  }

  stop(): void {
    this.#stop()
  }

  /** Reads the files that have changed. */
  async look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    let changed = false
    for (const file of this.#files) {
      const before = this.#held.get(file)
      try {
        if ((await markOf(file)) === before?.mark) continue
        this.#held.set(file, await load(file))
        changed = true
        this.#deps.log.info({ file }, 'a translation memory was read again')
      } catch (error) {
        this.#deps.log.warn(
          { file, reason: error instanceof Error ? error.message : 'unreadable' },
          'a translation memory cannot be read; what was read before stays'
        )
      }
    }
    if (changed) this.#rebuild()
    this.#looking = false
  }

  #rebuild(): void {
    this.#memory = new TranslationMemory(
      [...this.#held.values()].flatMap(({ units }) => units),
      this.#threshold
    )
    this.version++
  }
}

async function markOf(file: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(file)
  return `${mtimeMs} ${size} ${ino}`
}

async function load(file: string): Promise<Held> {
  try {
    const mark = await markOf(file)
    const { size } = await stat(file)
    if (size > MAX_FILE_BYTES) throw new HansaError('CONFIG_INVALID', `${size} bytes; at most ${MAX_FILE_BYTES} are read`)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
    return { mark, units: /\.csv$/i.test(file) ? readCsv(text) : readTmx(text) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read'
    throw new HansaError('CONFIG_INVALID', `gateway.language.memory: ${file}: ${why}`, { file }, cause)
  }
}
