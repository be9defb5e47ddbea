import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { HansaError } from '../../schema/errors.ts'
import { readCsv } from './read-csv.ts'
import { readTmx } from './read-tmx.ts'
import { MAX_FILE_BYTES, type Unit } from './unit.ts'

/** How often files are looked at, in milliseconds: who replaces one wants to see it at once. */
const LOOK_MS = 2_000

interface Held {
  readonly mark: string
  readonly units: readonly Unit[]
}

/** Units from files (TMX, CSV). A replaced file takes effect by itself; a broken one leaves what was read before, and is told. */
export class UnitFiles {
  readonly #files: readonly string[]
  readonly #deps: { readonly clock: Clock; readonly log: Log }
  readonly #held = new Map<string, Held>()
  /** The state of a broken file that was told already. */
  readonly #told = new Map<string, string>()
  readonly #key: string
  readonly #least: number
  readonly #onUnits: (units: readonly Unit[]) => void
  #stop: () => void = () => undefined
  #looking = false
  /** Grows with each change: what was translated by an older one is asked for anew. */
  version = 0

  /**
   * @param options.key of the configuration, for errors
   * @param options.least languages of a unit: 2 for translations, 1 for terms that may stand alone
   * @param options.onUnits told of all units, at the start and after each change
   */
  constructor(
    files: readonly string[],
    options: { readonly key: string; readonly least: number; readonly onUnits: (units: readonly Unit[]) => void },
    deps: { readonly clock: Clock; readonly log: Log }
  ) {
    this.#files = files
    this.#key = options.key
    this.#least = options.least
    this.#onUnits = options.onUnits
    this.#deps = deps
  }

  /** Throws CONFIG_INVALID naming the file: a memory that was configured and is not there would be missed only by wrong answers. */
  async start(): Promise<void> {
    for (const file of this.#files) this.#held.set(file, await this.#load(file))
    this.#tell()
    if (this.#files.length > 0) this.#stop = this.#deps.clock.every(LOOK_MS, () => void this.look())
  }

  stop(): void {
    this.#stop()
  }

  /** Reads the files that have changed. */
  async look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      let changed = false
      for (const file of this.#files) changed = (await this.#lookAt(file)) || changed
      if (changed) this.#tell()
    } finally {
      this.#looking = false
    }
  }

  async #lookAt(file: string): Promise<boolean> {
    const mark = await markOf(file).catch(() => 'gone')
    if (mark === this.#held.get(file)?.mark) this.#told.delete(file)
    if (mark === this.#held.get(file)?.mark || mark === this.#told.get(file)) return false
    try {
      this.#held.set(file, await this.#load(file))
      this.#told.delete(file)
      this.#deps.log.info({ file }, 'a file of translations was read again')
      return true
    } catch (error) {
      this.#told.set(file, mark)
      this.#deps.log.warn(
        { file, reason: error instanceof Error ? error.message : 'unreadable' },
        'a file of translations cannot be read; what was read before stays'
      )
      return false
    }
  }

  #tell(): void {
    this.version++
    this.#onUnits([...this.#held.values()].flatMap(({ units }) => units))
  }

  async #load(file: string): Promise<Held> {
    try {
      const mark = await markOf(file)
      const { size } = await stat(file)
      if (size > MAX_FILE_BYTES) throw new HansaError('CONFIG_INVALID', `${size} bytes; at most ${MAX_FILE_BYTES} are read`)
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
      const units = /\.csv$/i.test(file) ? readCsv(text) : await readTmx(text)
      return { mark, units: units.filter((unit) => unit.size >= this.#least) }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'it cannot be read'
      throw new HansaError('CONFIG_INVALID', `${this.#key}: ${file}: ${why}`, { file }, cause)
    }
  }
}

async function markOf(file: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(file)
  return `${mtimeMs} ${size} ${ino}`
}
