import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'

/** A yamux frame that is only a head (yamux spec): version, type, flags (2), stream (4), length (4). */
const HEAD_BYTES = 12
const WINDOW_UPDATE = 1

/**
 * Yamux that survives the end of its connection: it opens a stream with a window update in a microtask of its own, and where the connection has ended by
 * then, the exception has no caller and ends the process. Nobody misses an update for a stream that ends with its connection; data still says why it failed.
 */
export function yamuxWithQuietUpdates<C>(factory: (components: C) => StreamMuxerFactory): (components: C) => StreamMuxerFactory {
  return (components) => {
    const muxers = factory(components)
    const create = muxers.createStreamMuxer.bind(muxers)
    muxers.createStreamMuxer = (connection) => create(withQuietUpdates(connection))
    return muxers
  }
}

/** Replaces `send` of the connection itself. False (no more now) for a window update that an ended connection does not take. */
export function withQuietUpdates<C extends Pick<MessageStream, 'send'>>(connection: C): C {
  const send = connection.send.bind(connection)
  connection.send = (data) => {
    try {
      return send(data)
    } catch (error) {
      const update = data instanceof Uint8Array && data.length === HEAD_BYTES && data[1] === WINDOW_UPDATE
      if (update && error instanceof Error && error.name === 'StreamStateError') return false
      throw error
    }
  }
  return connection
}
