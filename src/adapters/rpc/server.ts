import type { PeerIdentity } from '../../ports/identity.ts'
import type { Channel, Frame } from '../../ports/network.ts'
import { HansaError, toHansaError } from '../../schema/errors.ts'
import { OPEN } from '../../wire/frames.ts'
import type { Method, Protocol } from '../../wire/methods.ts'
import { DRAIN_MS, LAST_ANSWERS_MS, MAX_STREAMS_PER_PEER, MAX_STREAMS_PER_STRANGER, SERVER_IDLE_MS } from './bounds.ts'
import { Calls, nameOf, type Served, type ServerDeps } from './calls.ts'
import { helloFrame, readHello, Remote } from './hello.ts'
import type { AnyHandler } from './server-call.ts'
import { trailerFrame } from './trailer.ts'

/** The serving side: one loop per stream, one call at a time on it. */
export class Server {
  readonly #deps: ServerDeps
  readonly #calls: Calls
  readonly #streams = new Set<Served>()
  readonly #perPeer = new Map<string, number>()
  #stopping = false
  #onCallEnd: (() => void) | undefined

  constructor(deps: ServerDeps) {
    this.#deps = deps
    this.#calls = new Calls(deps)
  }

  register(method: Method, handler: AnyHandler): void {
    this.#calls.register(method, handler)
  }

  /** Serves a stream of another node, from its hello on. */
  async accept(channel: Channel, protocol: Protocol): Promise<void> {
    const open = this.#perPeer.get(channel.peer) ?? 0
    if (this.#stopping || open >= MAX_STREAMS_PER_PEER) {
      const why = this.#stopping ? 'this node is stopping' : `${open} streams are open already`
      await this.#refuse(channel, new HansaError('OVERLOADED', why, this.#stopping ? {} : { bound: MAX_STREAMS_PER_PEER }))
      return
    }
    this.#perPeer.set(channel.peer, open + 1)
    channel.onClose(() => {
      const left = (this.#perPeer.get(channel.peer) ?? 1) - 1
      if (left === 0) this.#perPeer.delete(channel.peer)
      else this.#perPeer.set(channel.peer, left)
    })
    const { identities, clock } = this.#deps
    try {
      const remote = new Remote(channel.peer, await readHello(channel, clock), identities, clock)
      if (open >= MAX_STREAMS_PER_STRANGER && remote.identity === undefined)
        throw new HansaError('OVERLOADED', `${open} streams without a certificate are open already`, { bound: MAX_STREAMS_PER_STRANGER })
      await channel.write(helloFrame(identities.chain()))
      await this.serve(channel, protocol, remote)
    } catch (error) {
      await this.#refuse(channel, toHansaError(error))
    }
  }

  /** Serves a stream whose other side is known. Throws what makes the stream useless. */
  async serve(channel: Channel, protocol: Protocol, remote: Served['remote']): Promise<void> {
    const served: Served = { channel, remote, call: undefined }
    this.#streams.add(served)
    channel.onClose(() => {
      this.#streams.delete(served)
      served.call?.abort(new HansaError('CANCELED', 'the caller went away'))
    })
    for (let open = await this.#nextOpen(channel); open !== undefined; open = await this.#nextOpen(channel)) {
      if (await this.#calls.serve(served, protocol, open, () => this.#onCallEnd?.())) continue
      await this.#linger(channel)
      return
    }
    await channel.close()
  }

  identities(): PeerIdentity[] {
    return [...this.#streams].flatMap(({ remote }) => remote.identity ?? [])
  }

  dropFallen(): void {
    for (const { channel, remote } of [...this.#streams]) {
      remote.reconsider()

      if (!remote.stands) channel.abort(new HansaError('CONNECTION_LOST', `${remote.peer} is not believed any more`))
    }
  }

  /** Ends idle streams, lets running calls end for at most DRAIN_MS, then resets what is left. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const { channel, call } of [...this.#streams]) if (call === undefined) void channel.close()
    if (this.#busy()) {
      await new Promise<void>((resolve) => {
        const cancel = this.#deps.clock.after(DRAIN_MS, resolve)
        this.#onCallEnd = () => {
          if (this.#busy()) return
          cancel()
          resolve()
        }
      })
    }
    const ended: Promise<void>[] = []
    for (const { channel, call } of [...this.#streams]) {
      if (call !== undefined) channel.abort(new HansaError('CONNECTION_LOST', 'this node is stopping'))
      else {
        ended.push(new Promise((resolve) => channel.onClose(() => resolve())))
        void this.#linger(channel)
      }
    }
    // The network stops after this, and what it has not handed over then is lost: the other sides end their streams when they have read the last answers.
    await this.#atMost(LAST_ANSWERS_MS, Promise.all(ended))
  }

  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined
    await Promise.race([work, new Promise<void>((resolve) => (cancel = this.#deps.clock.after(ms, resolve)))])
    cancel()
  }

  #busy(): boolean {
    return [...this.#streams].some(({ call }) => call !== undefined)
  }

  /** The next call's OPEN; undefined when the stream is at its end. A stream that we end in order takes no call any more: callers rely on that. */
  async #nextOpen(channel: Channel): Promise<Frame | undefined> {
    let idle = false
    const cancel = this.#deps.clock.after(SERVER_IDLE_MS, () => {
      idle = true
      void this.#linger(channel)
    })
    try {
      const frame = await channel.read()
      if (idle || this.#stopping || frame === undefined) return undefined
      if (frame.type !== OPEN) throw new HansaError('MALFORMED', `a frame of type ${frame.type} between calls`)
      return frame
    } finally {
      cancel()
    }
  }

  async #refuse(channel: Channel, error: HansaError): Promise<void> {
    if (error.code === 'INTERNAL') this.#deps.log.error({ err: error.cause ?? error, peer: channel.peer }, 'a stream failed inside')
    else this.#deps.log.debug({ code: error.code, reason: error.message, peer: channel.peer }, 'a stream was refused')
    try {
      await channel.write(trailerFrame(error.at(nameOf(this.#deps))))
      await this.#linger(channel)
    } catch {
      channel.abort(error) // Gone already.
    }
  }

  /** Ends our side, and gives the other time to read why before the reset: a reset may overtake what was sent before it. */
  async #linger(channel: Channel): Promise<void> {
    await channel.close()
    const cancel = this.#deps.clock.after(DRAIN_MS, () => channel.abort())
    channel.onClose(() => cancel())
  }
}
