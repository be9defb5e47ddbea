import type { ConnectionEncrypter, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

/** Unsent bytes that are not held back any longer; about the largest noise record. */
const HOLD_UP_TO = 64 * 1024

/** Up to this, one copy costs less than another call of the operating system. */
const JOIN_UP_TO = 16 * 1024

/**
 * A muxer whose frames of one turn of the event loop leave together. Each frame by itself would be a noise record and a write, and answers of many calls, and
 * the window updates for what was just read, arise in the same turn. Nothing waits for time: the end of the turn is when all that has arrived has been read.
 */
export function muxerByTurn<C>(factory: (components: C) => StreamMuxerFactory): (components: C) => StreamMuxerFactory {
  return (components) => {
    const muxers = factory(components)
    const create = muxers.createStreamMuxer.bind(muxers)
    muxers.createStreamMuxer = (connection) => create(sendByTurn(connection))
    return muxers
  }
}

/** An encrypter whose records are written in one piece: head, body and tag of a record are three. */
export function encrypterInOnePiece<C>(factory: (components: C) => ConnectionEncrypter): (components: C) => ConnectionEncrypter {
  return (components) => {
    const encrypter = factory(components)
    const inbound = encrypter.secureInbound.bind(encrypter)
    const outbound = encrypter.secureOutbound.bind(encrypter)
    encrypter.secureInbound = (connection, options) => inbound(sendInOnePiece(connection), options)
    encrypter.secureOutbound = (connection, options) => outbound(sendInOnePiece(connection), options)
    return encrypter
  }
}

type Connection = Pick<MessageStream, 'send' | 'close' | 'abort' | 'status' | 'writableNeedsDrain'>

/** Replaces `send` of the connection itself: what libp2p hands about is this object, and its events come from it. */
export function sendByTurn<C extends Connection>(connection: C): C {
  const send = connection.send.bind(connection)
  const close = connection.close.bind(connection)
  const abort = connection.abort.bind(connection)
  let held = new Uint8ArrayList()
  let scheduled = false

  /** True when the connection takes more. */
  function flush(): boolean {
    if (held.byteLength === 0) return !connection.writableNeedsDrain
    const bytes = held
    held = new Uint8ArrayList()
    return send(bytes)
  }

  function flushQuietly(): void {
    try {
      flush()
    } catch {
      // The connection has ended meanwhile; its own event has told those who had sent.
    }
  }

  connection.send = (data) => {
    // Once the connection is full or ending, its own answer counts, at once and in order.
    if (connection.writableNeedsDrain || connection.status !== 'open') {
      flush()
      return send(data)
    }
    held.append(data)
    if (held.byteLength >= HOLD_UP_TO) return flush()
    if (!scheduled) {
      scheduled = true
      setImmediate(() => {
        scheduled = false
        flushQuietly()
      })
    }
    return true
  }
  connection.close = (options) => {
    flushQuietly()
    return close(options)
  }
  connection.abort = (error) => {
    flushQuietly()
    abort(error)
  }
  return connection
}

function sendInOnePiece<S extends MessageStream>(connection: S): S {
  const send = connection.send.bind(connection)
  connection.send = (data) => send(data.byteLength <= JOIN_UP_TO ? data.subarray() : data)
  return connection
}
