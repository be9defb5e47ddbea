import type { ConnectionEncrypter, MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

/** Unsent bytes that are not held back any longer; about the largest noise record. */
const HOLD_UP_TO = 64 * 1024

/** How long window updates may wait for company, in milliseconds; a call is over in less, and its next message takes them along. */
const UPDATES_WAIT_MS = 10

/** Credit that may wait for company, in bytes. A quarter of the smallest window of yamux, so a sender is never kept waiting by it. */
const CREDIT_UP_TO = 64 * 1024

/** Up to this, one copy costs less than another call of the operating system. */
const JOIN_UP_TO = 16 * 1024

/**
 * Yamux, with the frames of one turn of the event loop leaving together. Each frame by itself would be a noise record and a write, and the answers of many
 * calls arise in the same turn. Messages do not wait for time: the end of the turn is when all that has arrived has been read. Window updates, which yamux sends
 * for each frame that it gets, do wait a little for something to travel with: by themselves they would be every second packet.
 */
export function yamuxByTurn<C>(factory: (components: C) => StreamMuxerFactory): (components: C) => StreamMuxerFactory {
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
  /** Credit in the window updates that are held. */
  let credit = 0
  let scheduled = false
  let waiting = false

  /** True when the connection takes more. */
  function flush(): boolean {
    if (held.byteLength === 0) return !connection.writableNeedsDrain
    const bytes = held
    held = new Uint8ArrayList()
    credit = 0
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
    const given = creditIn(data)
    credit += given
    if (given > 0 && credit < CREDIT_UP_TO) {
      if (!waiting) {
        waiting = true
        setTimeout(() => {
          waiting = false
          flushQuietly()
        }, UPDATES_WAIT_MS).unref()
      }
    } else if (!scheduled) {
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

/** Bytes that a yamux frame lets the other side send, if that is all it says; 0 for any other frame (yamux spec: version, type, flags, stream, length). */
function creditIn(data: Uint8Array | Uint8ArrayList): number {
  const plainUpdate = data instanceof Uint8Array && data.length === 12 && data[0] === 0 && data[1] === 1 && data[2] === 0 && data[3] === 0
  return plainUpdate ? new DataView(data.buffer, data.byteOffset).getUint32(8) : 0
}

function sendInOnePiece<S extends MessageStream>(connection: S): S {
  const send = connection.send.bind(connection)
  connection.send = (data) => send(data.byteLength <= JOIN_UP_TO ? data.subarray() : data)
  return connection
}
