import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { type CallTrailer, CallOpenSchema, CallTrailerSchema, HelloSchema } from '../../src/schema/generated/hansa/v1/call_pb.ts'
import { DATA_LAST, encodeFrame, END, FrameDecoder, HELLO, OPEN, TRAILER } from '../../src/wire/frames.ts'
import { PROTOCOLS } from '../../src/wire/methods.ts'

/** How long a node may take to refuse. */
const ANSWER_MS = 8_000

/** A libp2p peer with nothing of Hansa in it but the bytes that a test gives it. */
export class RawPeer {
  readonly #node: Libp2p
  readonly #connection: Connection

  private constructor(node: Libp2p, connection: Connection) {
    this.#node = node
    this.#connection = connection
  }

  /** `swarmKey`: the text of a swarm.key file. */
  static async dial(address: string, seed: Uint8Array, swarmKey: string): Promise<RawPeer> {
    const node = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', seed),
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionProtector: preSharedKey({ psk: new TextEncoder().encode(swarmKey) })
    })
    return new RawPeer(node, await node.dial(multiaddr(address)))
  }

  async stop(): Promise<void> {
    await this.#node.stop()
  }

  /** Sends bytes on a stream of its own; the trailer that comes, or undefined when the stream just ends. Throws when the node does not speak the protocol. */
  async send(bytes: Uint8Array, protocol: string = PROTOCOLS.rpc): Promise<CallTrailer | undefined> {
    const stream = await this.#connection.newStream(protocol)
    const decoder = new FrameDecoder()
    const answer = new Promise<CallTrailer | undefined>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS)
      const done = (trailer?: CallTrailer): void => {
        clearTimeout(timer)
        resolve(trailer)
      }
      stream.addEventListener('message', (event) => {
        decoder.push(event.data.subarray(), ({ type, payload }) => {
          if (type === TRAILER) done(fromBinary(CallTrailerSchema, payload))
        })
      })
      stream.addEventListener('close', () => done())
    })
    stream.send(bytes)
    try {
      return await answer
    } finally {
      stream.abort(new Error('seen enough'))
    }
  }

  /** A hello with `chain`, then one call of `method`. */
  call(chain: readonly Uint8Array[], method: string, request: Uint8Array): Promise<CallTrailer | undefined> {
    return this.send(
      Buffer.concat([
        hello(chain),
        encodeFrame({ type: OPEN, payload: toBinary(CallOpenSchema, create(CallOpenSchema, { method, deadlineMs: 5_000 })) }),
        encodeFrame({ type: DATA_LAST, payload: request }),
        encodeFrame({ type: END, payload: new Uint8Array() })
      ])
    )
  }
}

/** The first frame of a stream. */
export function hello(chain: readonly Uint8Array[], version = 1): Uint8Array {
  return encodeFrame({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version, chain: [...chain] })) })
}
