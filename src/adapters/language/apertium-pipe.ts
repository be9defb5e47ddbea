import { type ChildProcess, spawn } from 'node:child_process'
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

/**
 * One pair of Apertium as a pipe that stays open (null flush): a process for each text takes a hundred times as long. What waits is answered in order; when a stage
 * dies, all that wait fail and the next text starts the pipe anew.
 */
export class ApertiumPipe {
  readonly #command: string
  readonly #pair: string
  #child: ChildProcess | undefined
  #waiting: Waiting[] = []
  #pieces: Buffer[] = []
  #size = 0
  #timer: NodeJS.Timeout | undefined

  /** `command`: a shell pipeline whose stages flush at null bytes. */
  constructor(command: string, pair: string) {
    this.#command = command
    this.#pair = pair
  }

  /** `text` in Apertium's stream format, escaped. Throws OVERLOADED, TRANSLATION_UNAVAILABLE when the pipe breaks. */
  translate(text: string): Promise<string> {
    if (this.#waiting.length >= MAX_WAITING) throw new HansaError('OVERLOADED', `${MAX_WAITING} texts wait for ${this.#pair} already`, { pair: this.#pair })
    const child = this.#child ?? this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (this.#waiting.length === 1) this.#watch()
      child.stdin?.write(`${text}.[]\0`)
    })
  }

  stop(): void {
    const child = this.#child
    this.#child = undefined
    clearTimeout(this.#timer)
    if (child?.pid !== undefined && child.exitCode === null) {
      try {
        // All stages are one group.
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
    const child = spawn('sh', ['-c', this.#command], { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    this.#child = child
    child.stdin?.on('error', () => undefined)
    child.on('error', () => this.#ended(child))
    child.on('exit', () => this.#ended(child))
    child.stdout?.on('data', (piece: Buffer) => this.#take(piece))
    // A pipe that is open and idle does not keep the process alive.
    child.unref()
    return child
  }

  #ended(child: ChildProcess): void {
    if (this.#child === child) this.stop()
  }

  #take(piece: Buffer): void {
    let from = 0
    for (let at = piece.indexOf(0); at >= 0; at = piece.indexOf(0, from)) {
      const text = Buffer.concat([...this.#pieces, piece.subarray(from, at)]).toString('utf8')
      this.#pieces = []
      this.#size = 0
      from = at + 1
      this.#waiting.shift()?.resolve(text)
      this.#watch()
    }
    if (from < piece.length) {
      this.#pieces.push(piece.subarray(from))
      this.#size += piece.length - from
      if (this.#size > MAX_ANSWER) this.stop()
    }
  }

  #watch(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.stop(), TEXT_MS).unref()
  }

  #broken(): HansaError {
    return new HansaError('TRANSLATION_UNAVAILABLE', `the translation from ${this.#pair.replace('>', ' to ')} broke off`, { pair: this.#pair })
  }
}
