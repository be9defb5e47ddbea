import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { PeerIdentity } from '../../../../../src/ports/identity.ts'
import type { CallOptions, ClientStream, Fragment, Rpc, ServerStream, StreamHandler, Target, UnaryHandler } from '../../../../../src/ports/rpc.ts'
import { HansaError, toHansaError } from '../../../../../src/schema/errors.ts'
import type { ResponseOf, StreamMethod, UnaryMethod } from '../../../../../src/wire/methods.ts'

/** One direction of a stream: a write resolves when the other side has taken the fragment. */
class Lane {
  #offered: { fragment: Fragment; taken: () => void; refused: (reason: unknown) => void } | undefined
  #ended = false
  #failed: unknown
  #wake: (() => void) | undefined
  written = 0

  write(fragment: Fragment): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(toHansaError(this.#failed))
    this.written++
    return new Promise((taken, refused) => {
      this.#offered = { fragment, taken, refused }
      this.#wake?.()
    })
  }

  async read(): Promise<Fragment | undefined> {
    for (;;) {
      if (this.#failed !== undefined) throw toHansaError(this.#failed)
      if (this.#offered !== undefined) {
        const { fragment, taken } = this.#offered
        this.#offered = undefined
        taken()
        return fragment
      }
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  fail(error: unknown): void {
    this.#failed ??= error
    this.#offered?.refused(toHansaError(error))
    this.#wake?.()
  }
}

/** Nodes that call each other within one process. */
export class FakeNet {
  readonly nodes = new Map<string, FakeRpc>()
  /** PeerIds that cannot be reached. */
  readonly down = new Set<string>()
  /** Asked before each call is opened; true refuses it as unreachable, after as long as it takes. */
  refuse: (peer: string) => Promise<boolean> = () => Promise.resolve(false)

  node(identity: PeerIdentity): FakeRpc {
    const rpc = new FakeRpc(this, identity)
    this.nodes.set(identity.peer, rpc)
    return rpc
  }
}

export class FakeRpc implements Rpc {
  readonly streams = new Map<string, StreamHandler>()
  readonly unary = new Map<string, UnaryHandler<UnaryMethod>>()
  /** Headers of the calls opened from here, in order. */
  readonly opened: { readonly peer: string; readonly header: Uint8Array; readonly timeoutMs: number | undefined }[] = []
  /** Fragments that the nodes called have written to this one. */
  answered = 0
  #net: FakeNet
  #identity: PeerIdentity

  constructor(net: FakeNet, identity: PeerIdentity) {
    this.#net = net
    this.#identity = identity
  }

  #find(target: Target): FakeRpc {
    const node = this.#net.nodes.get(target.peer)
    if (node === undefined || this.#net.down.has(target.peer)) throw new HansaError('PEER_UNREACHABLE', `no way to ${target.peer}`)
    if (target.expect?.spiffeId !== undefined && target.expect.spiffeId !== node.#identity.spiffeId) throw new HansaError('PERMISSION_DENIED', 'another node')
    return node
  }

  async open(target: Target, method: StreamMethod, header: Uint8Array, options: CallOptions = {}): Promise<ClientStream> {
    if (await this.#net.refuse(target.peer)) throw new HansaError('PEER_UNREACHABLE', `no way to ${target.peer}`)
    const node = this.#find(target)
    const handler = node.streams.get(method.id)
    if (handler === undefined) throw new HansaError('METHOD_NOT_FOUND', method.id)
    this.opened.push({ peer: target.peer, header, timeoutMs: options.timeoutMs })
    const up = new Lane()
    const down = new Lane()
    const life = new AbortController()
    let trailer: Uint8Array = new Uint8Array()
    const cut = (reason: unknown): void => {
      life.abort(reason)
      up.fail(reason)
      down.fail(reason)
    }
    options.signal?.addEventListener('abort', () => cut(toHansaError(options.signal?.reason)))
    const server: ServerStream = {
      header,
      caller: { peer: this.#identity.peer, identity: this.#identity },
      signal: life.signal,
      timeoutMs: options.timeoutMs ?? method.timeoutMs,
      traceparent: options.traceparent,
      read: () => up.read(),
      write: (fragment) => {
        this.answered++
        return down.write(fragment)
      },
      setTrailer: (bytes) => (trailer = bytes)
    }
    handler(server).then(
      () => down.end(),
      (thrown: unknown) => down.fail(thrown)
    )
    return {
      remote: node.#identity,
      read: () => down.read(),
      write: (fragment) => up.write(fragment),
      end: () => Promise.resolve(up.end()),
      trailer: () => trailer,
      abort: (reason) => cut(reason ?? new HansaError('CANCELED', 'aborted'))
    }
  }

  async call<M extends UnaryMethod>(target: Target, method: M, request: MessageInitShape<M['request']>, options: CallOptions = {}): Promise<ResponseOf<M>> {
    await Promise.resolve()
    const node = this.#find(target)
    const handler = node.unary.get(method.id)
    if (handler === undefined) return create(method.response) as ResponseOf<M>
    const context = {
      caller: { peer: this.#identity.peer, identity: this.#identity },
      signal: options.signal ?? new AbortController().signal,
      timeoutMs: 1_000
    }
    return create(method.response, await handler(create(method.request, request) as never, context)) as ResponseOf<M>
  }

  handle<M extends UnaryMethod>(method: M, handler: UnaryHandler<M>): void {
    this.unary.set(method.id, handler as unknown as UnaryHandler<UnaryMethod>)
  }

  handleStream(method: StreamMethod, handler: StreamHandler): void {
    this.streams.set(method.id, handler)
  }

  hello(): Promise<PeerIdentity> {
    return Promise.reject(new Error('not used'))
  }

  identities(): PeerIdentity[] {
    return []
  }
}
