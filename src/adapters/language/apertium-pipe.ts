import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '../../ports/clock.ts'
import { HansaError } from '../../schema/errors.ts'

interface Waiting {
  readonly resolve: (text: string) => void
  readonly reject: (error: unknown) => void
}

/** Texts in the pipe at a time; a translation takes a millisecond or two. */
const MAX_WAITING = 256

/** Longest answer: a translation is about as long as its text. */
const MAX_ANSWER = 4 * 1024 * 1024

/** Longest time for one text, in milliseconds; after it the pipe is taken for stuck and started anew. */
const TEXT_MS = 10_000

/** An open pair takes some 80 MiB; one that nobody has used for so long is closed, in milliseconds. */
const IDLE_MS = 5 * 60_000

/** Time between two starts after failures: doubles from the first to the second, in milliseconds. The first start after a crash is at once. */
const BACK_OFF_MS = [500, 60_000] as const

/**
 * One pair of Apertium as a pipe that stays open (null flush): a process for each text takes a hundred times as long. What waits is answered in order; when a stage
 * dies, all that wait fail and the next text starts the pipe anew.
 */
export class ApertiumPipe {
  readonly #command: string
  readonly #pair: string
  readonly #clock: Clock
  #child: ChildProcess | undefined
  #waiting: Waiting[] = []
  #pieces: Buffer[] = []
  #size = 0
  #cancelTimer: () => void = () => undefined
  #failures = 0
  #notBefore = -Infinity

  /** `command`: a shell pipeline whose stages flush at null bytes. */
  constructor(command: string, pair: string, clock: Clock) {
    this.#command = command
    this.#pair = pair
    this.#clock = clock
  }

  /** Group of its processes; undefined while it is closed. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** `text` in Apertium's stream format, escaped. Throws OVERLOADED, TRANSLATION_UNAVAILABLE when the pipe breaks or rests after failures, and the signal's reason. */
  async translate(text: string, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    if (this.#waiting.length >= MAX_WAITING) throw new HansaError('OVERLOADED', `${MAX_WAITING} texts wait for ${this.#pair} already`, { pair: this.#pair })
    if (this.#child === undefined && this.#clock.monotonic() < this.#notBefore) throw this.#broken()
    const child = this.#child ?? this.#start()
    return new Promise((resolve, reject) => {
      // What is in the pipe cannot be taken out; its answer is read and dropped.
      const onAbort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      const settled = (): void => signal.removeEventListener('abort', onAbort)
      this.#waiting.push({ resolve: (answer) => (settled(), resolve(answer)), reject: (error) => (settled(), reject(error as Error)) })
      if (this.#waiting.length === 1) this.#watch()
      child.stdin?.write(`${text}.[]\0`)
    })
  }

  /** Ends all stages; the next text starts them again. */
  stop(): void {
    const child = this.#child
    this.#child = undefined
    this.#cancelTimer()
    if (child?.pid !== undefined) {
      try {
        // All stages are one group. It may outlive the shell that started it.
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Gone by itself.
      }
    }
    const waiting = this.#waiting
    this.#waiting = []
    this.#pieces = []
    this.#size = 0
    for (const { reject } of waiting) reject(this.#broken())
  }

  #start(): ChildProcess {
    // Without a locale that says UTF-8 the stages take letters for bytes.
    const child = spawn('sh', ['-c', this.#command], { stdio: ['pipe', 'pipe', 'ignore'], detached: true, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
    this.#child = child
    child.stdin?.on('error', () => this.#failed(child))
    child.on('error', () => this.#failed(child))
    child.on('exit', () => this.#failed(child))
    // Seen before the exit: the last stage ends when any before it does.
    child.stdout?.on('end', () => this.#failed(child))
    child.stdout?.on('data', (piece: Buffer) => this.#take(child, piece))
    // A pipe that is open and idle does not keep the process alive.
    child.unref()
    for (const stream of [child.stdin, child.stdout]) (stream as { unref?: () => void } | null)?.unref?.()
    return child
  }

  #failed(child: ChildProcess): void {
    if (this.#child !== child) return
    const [first, most] = BACK_OFF_MS
    this.#notBefore = this.#clock.monotonic() + (this.#failures === 0 ? 0 : Math.min(most, first * 2 ** (this.#failures - 1)))
    this.#failures = Math.min(this.#failures + 1, 16)
    this.stop()
  }

  #take(child: ChildProcess, piece: Buffer): void {
    if (this.#child !== child) return
    let from = 0
    for (let at = piece.indexOf(0); at >= 0; at = piece.indexOf(0, from)) {
      const text = Buffer.concat([...this.#pieces, piece.subarray(from, at)]).toString('utf8')
      this.#pieces = []
      this.#size = 0
      from = at + 1
      this.#failures = 0
      // Without the full stop and the superblank that end a text in the pipe.
      this.#waiting.shift()?.resolve(text.replace(/\.?\[\]\s*$/u, ''))
      this.#watch()
    }
    if (from < piece.length) {
      this.#pieces.push(piece.subarray(from))
      this.#size += piece.length - from
      if (this.#size > MAX_ANSWER) this.#failed(child)
    }
  }

  #watch(): void {
    this.#cancelTimer()
    const child = this.#child
    if (child === undefined) return
    this.#cancelTimer = this.#waiting.length > 0 ? this.#clock.after(TEXT_MS, () => this.#failed(child)) : this.#clock.after(IDLE_MS, () => this.stop())
  }

  #broken(): HansaError {
    return new HansaError('TRANSLATION_UNAVAILABLE', `the translation from ${this.#pair.replace('>', ' to ')} broke off`, { pair: this.#pair })
  }
}
