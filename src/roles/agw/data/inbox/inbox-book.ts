import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type InboxBounds, MAX_ANSWER, RETENTION_MS } from '../../../../core/inbox/inbox-bounds.ts'
import { type IndexedItem, InboxIndex } from '../../../../core/inbox/inbox-index.ts'
import type { Clock } from '../../../../ports/clock.ts'
import type { Store } from '../../../../ports/store.ts'
import { errorDetail, HansaError } from '../../../../schema/errors.ts'
import { type InboxItem, InboxItemSchema, InboxState } from '../../../../schema/generated/hansa/v1/gateway_pb.ts'
import { decode } from '../../../../wire/decode.ts'

const TABLE = 'inbox'
/** Requests and answers lie apart, so that a start and a change of state read and write heads only. */
const REQUESTS = 'inbox-requests'
const ANSWERS = 'inbox-answers'

/** How an item ended. */
export type InboxEnd =
  | { readonly state: typeof InboxState.DELIVERED; readonly answer: Uint8Array }
  | { readonly state: typeof InboxState.EXPIRED }
  | { readonly state: typeof InboxState.REFUSED | typeof InboxState.CANCELED; readonly error: HansaError }

export type NewItem = Required<Pick<InboxItem, 'id' | 'agent' | 'principal' | 'messageId' | 'contextId' | 'traceparent'>> & {
  readonly header: MessageInitShape<typeof InboxItemSchema>['header']
  readonly request: Uint8Array
  readonly expiresAt: number
  /** Deliveries that were tried before it was kept, and may have reached the agent; usually none. */
  readonly attempts?: number
}

/** The messages that wait at this gateway and what has become of others. Whatever one of its promises has resolved for is on disk. */
export class InboxBook {
  readonly #store: Store
  readonly #clock: Clock
  readonly #index: InboxIndex

  constructor(store: Store, clock: Clock, bounds: InboxBounds) {
    this.#store = store
    this.#clock = clock
    this.#index = new InboxIndex(bounds)
    const items = [...store.entries(TABLE)].map(([, bytes]) => decode(InboxItemSchema, bytes)).sort((a, b) => (a.sequence < b.sequence ? -1 : 1))
    for (const item of items) {
      if (item.endedAt > 0n) continue
      if (item.state === InboxState.DELIVERING) {
        // What was being delivered when the process ended is delivered again: nobody knows how far it had come. On disk with the next commit.
        item.state = InboxState.WAITING
        store.put(TABLE, item.id, toBinary(InboxItemSchema, item))
      }
      this.#index.put(indexed(item))
    }
    const ended = items.filter(({ endedAt }) => endedAt > 0n).sort((a, b) => Number(a.endedAt - b.endedAt))
    for (const item of ended) this.#index.put(indexed(item))
  }

  get index(): Omit<InboxIndex, 'put' | 'remove'> {
    return this.#index
  }

  /** Keeps a message, or finds that it is kept already; on disk when it resolves. Throws INBOX_FULL, STORE_FAILED. */
  async add({ request, expiresAt, ...head }: NewItem): Promise<InboxItem> {
    const known = this.#index.same(head.agent, head.principal, head.messageId)
    if (known !== undefined) {
      // The first copy may still be on its way to the disk.
      await this.#store.commit()
      const item = this.find(known.id)
      if (item !== undefined) return item
    }
    this.#makeRoom(head.agent, head.principal, request.length)
    const item = create(InboxItemSchema, {
      ...head,
      sequence: this.#index.nextSequence,
      requestBytes: request.length,
      receivedAt: BigInt(Math.trunc(this.#clock.now())),
      expiresAt: BigInt(Math.trunc(expiresAt)),
      state: InboxState.WAITING
    })
    this.#store.put(REQUESTS, item.id, request)
    await this.#write(item)
    return item
  }

  /** Undefined when there is none, or no longer. */
  find(id: string): InboxItem | undefined {
    const bytes = this.#index.get(id) === undefined ? undefined : this.#store.get(TABLE, id)
    return bytes === undefined ? undefined : decode(InboxItemSchema, bytes)
  }

  request(id: string): Uint8Array | undefined {
    return this.#store.get(REQUESTS, id)
  }

  /** Encoded lf.a2a.v1.SendMessageResponse; undefined where there is none. */
  answer(id: string): Uint8Array | undefined {
    return this.#store.get(ANSWERS, id)
  }

  /** A delivery begins: known on disk before anything is sent. Undefined when the item is over or gone. */
  async begin(id: string): Promise<InboxItem | undefined> {
    const item = this.find(id)
    if (item === undefined || item.endedAt > 0n) return undefined
    await this.#write(create(InboxItemSchema, { ...item, state: InboxState.DELIVERING, attempts: item.attempts + 1 }))
    return this.find(id)
  }

  /** A delivery has failed and will be tried again. */
  async again(id: string, error: HansaError): Promise<void> {
    const item = this.find(id)
    if (item !== undefined && item.endedAt === 0n) await this.#write(create(InboxItemSchema, { ...item, state: InboxState.WAITING, error: errorDetail(error) }))
  }

  /** It is over; false when it was before, or is not there. */
  async end(id: string, end: InboxEnd): Promise<boolean> {
    const item = this.find(id)
    if (item === undefined || item.endedAt > 0n) return false
    const answer = 'answer' in end && end.answer.length <= MAX_ANSWER ? end.answer : undefined
    this.#store.delete(REQUESTS, id)
    if (answer !== undefined) this.#store.put(ANSWERS, id, answer)
    await this.#write(
      create(InboxItemSchema, {
        ...item,
        state: end.state,
        endedAt: BigInt(Math.trunc(this.#clock.now())),
        responseBytes: 'answer' in end ? end.answer.length : 0,
        error: 'error' in end ? errorDetail(end.error) : undefined
      })
    )
    return true
  }

  /** A newer answer takes the place of the one that was kept; one that is too large does not. */
  async renew(id: string, answer: Uint8Array): Promise<void> {
    const item = this.find(id)
    if (item === undefined || item.state !== InboxState.DELIVERED || answer.length > MAX_ANSWER) return
    this.#store.put(ANSWERS, id, answer)
    await this.#write(create(InboxItemSchema, { ...item, responseBytes: answer.length }))
  }

  /** Forgets an item, over or not. */
  async remove(id: string): Promise<void> {
    for (const table of [TABLE, REQUESTS, ANSWERS]) this.#store.delete(table, id)
    this.#index.remove(id)
    await this.#store.commit()
  }

  /** Forgets receipts whose time is over. */
  async sweep(): Promise<void> {
    for (const { id } of this.#index.stale(this.#clock.now() - RETENTION_MS)) await this.remove(id)
  }

  /** Throws INBOX_FULL. */
  #makeRoom(agent: string, principal: string, bytes: number): void {
    const reached = this.#index.room(agent, principal, bytes)
    if (reached === undefined) return
    const said = {
      principal: `as many messages of ${principal} as one sender may have wait for ${agent} already`,
      domain: `as many messages as the domain of ${principal} may have wait here already`,
      agent: `as many messages as this gateway keeps wait for ${agent} already`,
      total: 'as many messages as this gateway keeps wait here already'
    }
    throw new HansaError('INBOX_FULL', said[reached], { agent })
  }

  /** To the index at once, so that nobody decides on what was; back when the disk does not take it. */
  async #write(item: InboxItem): Promise<void> {
    const before = this.#index.get(item.id)
    const bytes = toBinary(InboxItemSchema, item)
    const now = indexed(item, bytes.length)
    this.#store.put(TABLE, item.id, bytes)
    this.#index.put(now)
    try {
      await this.#store.commit()
    } catch (error) {
      if (this.#index.get(item.id) === now) {
        if (before === undefined) this.#index.remove(item.id)
        else this.#index.put(before)
      }
      throw error
    }
  }
}

/** `head`: bytes of the item itself, without request and answer. */
function indexed(item: InboxItem, head = toBinary(InboxItemSchema, item).length): IndexedItem {
  const ended = item.endedAt > 0n
  const { id, agent, principal, messageId, sequence } = item
  return {
    ...{ id, agent, principal, messageId, sequence },
    phase: ended ? 'ended' : item.state === InboxState.DELIVERING ? 'delivering' : 'waiting',
    bytes: head + (!ended ? item.requestBytes : item.responseBytes > MAX_ANSWER ? 0 : item.responseBytes),
    expiresAt: Number(item.expiresAt),
    endedAt: Number(item.endedAt)
  }
}
