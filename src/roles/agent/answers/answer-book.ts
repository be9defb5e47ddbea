import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { MAX_TTL_MS } from '../../../core/inbox/inbox-bounds.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Store } from '../../../ports/store.ts'
import { HansaError } from '../../../schema/errors.ts'
import { type TakenMessage, TakenMessageSchema } from '../../../schema/generated/hansa/v1/answer_pb.ts'
import type { Task } from '../../../schema/generated/lf/a2a/v1/a2a_pb.ts'

const TABLE = 'answers'

export interface AnswerBounds {
  /** Messages kept in all, and their bytes. */
  readonly messages: number
  readonly bytes: number
  /** The part of both that one principal may have. */
  readonly share: number
  /** Milliseconds after which a message that is over is forgotten. */
  readonly keepMs: number
}

/** A day more than a message may wait in an inbox after it was tried; as much as a small disk and a start within seconds allow; four busy callers do not see each other. */
const ANSWER_BOUNDS: AnswerBounds = { messages: 100_000, bytes: 256 * 1024 * 1024, share: 0.25, keepMs: MAX_TTL_MS + 86_400_000 }

/** An answer may be nested as deeply as the wire allows (100), and lies a few deeper here: what was written must be read again. */
const DEEP = { recursionLimit: 128 }

/** Most forgotten at a time: no call waits for a great clean-up. */
const SWEEP = 64

/** What is kept in memory of a message. */
interface Line {
  readonly principal: string
  readonly takenAt: number
  bytes: number
  endedAt: number
  taskId: string
}

/** Keys in the order in which they came (open) or were over (ended). */
class Shelf {
  readonly open = new Set<string>()
  readonly ended = new Set<string>()
  bytes = 0

  get size(): number {
    return this.open.size + this.ended.size
  }
}

/** The messages that an agent's node has taken, with their answers: durable, bounded; the oldest that are over make room first. */
export class AnswerBook {
  readonly #store: Store
  readonly #clock: Clock
  readonly #bounds: AnswerBounds
  readonly #lines = new Map<string, Line>()
  readonly #all = new Shelf()
  readonly #of = new Map<string, Shelf>()
  /** By domain: it names its senders itself, as many as it likes, so that shares of theirs protect nobody else. */
  readonly #ofDomain = new Map<string, Shelf>()
  /** Keys of the messages of a task, oldest first; all of one principal. */
  readonly #tasks = new Map<string, Set<string>>()
  #opened = false

  constructor(store: Store, clock: Clock, bounds: AnswerBounds = ANSWER_BOUNDS) {
    this.#store = store
    this.#clock = clock
    this.#bounds = bounds
  }

  /** Reads what earlier processes have written; a second time it does nothing. */
  open(): void {
    if (this.#opened) return
    this.#opened = true
    const found: [string, TakenMessage, number][] = []
    for (const [key, bytes] of this.#store.entries(TABLE)) {
      try {
        found.push([key, create(TakenMessageSchema, { ...fromBinary(TakenMessageSchema, bytes, DEEP), answer: undefined }), bytes.length])
      } catch {
        // Written by nobody we know.
        this.#store.delete(TABLE, key)
      }
    }
    const age = ({ endedAt, takenAt }: TakenMessage) => Number(endedAt === 0n ? takenAt : endedAt)
    for (const [key, message, bytes] of found.sort(([, a], [, b]) => age(a) - age(b))) this.#enter(key, message, bytes)
  }

  get size(): number {
    return this.#lines.size
  }

  find(key: string): TakenMessage | undefined {
    this.#sweep()
    const bytes = this.#lines.has(key) ? this.#store.get(TABLE, key) : undefined
    return bytes === undefined ? undefined : fromBinary(TakenMessageSchema, bytes, DEEP)
  }

  /**
   * Writes a message down, or what has become of it; the caller commits. `pinned` says whose work is going on now: they stay. Throws OVERLOADED for a new message
   * when those take all the room, STORE_FAILED.
   */
  keep(key: string, message: TakenMessage, pinned: (key: string) => boolean): void {
    const bytes = toBinary(TakenMessageSchema, message)
    const isNew = !this.#lines.has(key)
    this.#store.put(TABLE, key, bytes)
    this.#leave(key)
    this.#enter(key, message, bytes.length)
    const { messages, bytes: most, share } = this.#bounds
    const own = this.#of.get(message.principal) ?? this.#all
    const holds = (one: string) => one === key || pinned(one)
    for (const [shelf, part] of [[own, share] as const, [this.#all, 1] as const])
      while (shelf.size > messages * part || shelf.bytes > most * part) {
        const tooMany = shelf.size > messages * part
        const oldest = (shelf === this.#all ? firstFree(this.#largest(tooMany), holds) : undefined) ?? firstFree(shelf, holds)
        if (oldest === undefined) {
          // What has been worked on must be remembered even so.
          if (!isNew) return
          this.forget(key)
          throw new HansaError('OVERLOADED', 'the messages that are being worked on leave no room for another')
        }
        this.forget(oldest)
      }
  }

  /** As if it had never come; the caller need not commit. */
  forget(key: string): void {
    this.#store.delete(TABLE, key)
    this.#leave(key)
  }

  /** Whose task it is; undefined for a task of no message here. */
  ownerOf(task: string): string | undefined {
    for (const key of this.#tasks.get(task) ?? []) return this.#lines.get(key)?.principal
    return undefined
  }

  /** A task as it was last answered; undefined when no answer of it is kept. */
  task(id: string): Task | undefined {
    for (const key of [...(this.#tasks.get(id) ?? [])].reverse()) {
      const payload = this.find(key)?.answer?.payload
      if (payload?.case === 'task' && payload.value.id === id) return payload.value
    }
    return undefined
  }

  #enter(key: string, message: TakenMessage, bytes: number): void {
    const { principal, taskId } = message
    const line: Line = { principal, takenAt: Number(message.takenAt), bytes, endedAt: Number(message.endedAt), taskId }
    this.#lines.set(key, line)
    const own = this.#of.get(principal) ?? new Shelf()
    this.#of.set(principal, own)
    const domain = this.#ofDomain.get(domainOf(principal)) ?? new Shelf()
    this.#ofDomain.set(domainOf(principal), domain)
    for (const shelf of [own, domain, this.#all]) {
      ;(line.endedAt === 0 ? shelf.open : shelf.ended).add(key)
      shelf.bytes += bytes
    }
    // An agent that names somebody else's task gives it to nobody.
    if (taskId === '' || (this.ownerOf(taskId) ?? principal) !== principal) return
    const keys = this.#tasks.get(taskId) ?? new Set<string>()
    this.#tasks.set(taskId, keys.add(key))
  }

  #leave(key: string): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    this.#lines.delete(key)
    const own = this.#of.get(line.principal)
    const domain = this.#ofDomain.get(domainOf(line.principal))
    for (const shelf of [own, domain, this.#all]) {
      shelf?.open.delete(key)
      shelf?.ended.delete(key)
      if (shelf !== undefined) shelf.bytes -= line.bytes
    }
    if (own?.size === 0) this.#of.delete(line.principal)
    if (domain?.size === 0) this.#ofDomain.delete(domainOf(line.principal))
    const keys = this.#tasks.get(line.taskId)
    keys?.delete(key)
    if (keys?.size === 0) this.#tasks.delete(line.taskId)
  }

  /** The domain that has most: it makes room first, so that none can push out what others have left. */
  #largest(bySize: boolean): Shelf {
    let largest = this.#all
    for (const shelf of this.#ofDomain.values())
      if (largest === this.#all || (bySize ? shelf.size > largest.size : shelf.bytes > largest.bytes)) largest = shelf
    return largest
  }

  #sweep(): void {
    const before = this.#clock.now() - this.#bounds.keepMs
    let left = SWEEP
    for (const key of this.#all.ended) {
      if (left-- === 0 || (this.#lines.get(key)?.endedAt ?? 0) > before) return
      this.forget(key)
    }
  }
}

/** Of a SPIFFE ID. */
function domainOf(principal: string): string {
  return principal.split('/', 3)[2] ?? ''
}

/** The one that goes first: over for longest, then waiting for longest. */
function firstFree(shelf: Shelf, holds: (key: string) => boolean): string | undefined {
  for (const keys of [shelf.ended, shelf.open]) for (const key of keys) if (!holds(key)) return key
  return undefined
}
