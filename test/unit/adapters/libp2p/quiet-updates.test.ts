import assert from 'node:assert/strict'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type MessageStream, StreamStateError } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { withQuietUpdates, yamuxWithQuietUpdates } from '../../../../src/adapters/libp2p/quiet-updates.ts'

const update = new Uint8Array([0, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0])
const data = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0])

/** What yamux needs of a connection; this one takes nothing any more. */
function closing(): MessageStream {
  const log = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, newScope: () => log })
  const send = () => {
    throw new StreamStateError('Cannot write to a stream that is closing')
  }
  return Object.assign(new EventTarget(), { log, send, status: 'open', direction: 'outbound' }) as unknown as MessageStream
}

describe('window updates for a connection that has ended', () => {
  function ended(error: Error = new StreamStateError('Cannot write to a stream that is closing')) {
    return withQuietUpdates<{ send: (data: Uint8Array | Uint8ArrayList) => boolean }>({
      send() {
        throw error
      }
    })
  }

  it('are let go, and say that no more can be sent', () => {
    assert.equal(ended().send(update), false)
  })

  it('are the only frames that are: data says why it cannot be sent, and other failures are not hidden', () => {
    assert.throws(() => ended().send(data), { name: 'StreamStateError' })
    assert.throws(() => ended(new TypeError('a bug')).send(update), TypeError)
  })

  it('are sent while it is open', () => {
    const sent: unknown[] = []
    const open = withQuietUpdates({ send: (bytes) => sent.push(bytes) > 0 })
    assert.deepEqual([open.send(update), open.send(data), sent], [true, true, [update, data]])
  })

  it('do not end the process when yamux opens a stream at that moment', async () => {
    const muxer = yamuxWithQuietUpdates(yamux())(undefined).createStreamMuxer(closing())
    const failures: unknown[] = []
    const hear = (error: unknown) => failures.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', hear)
    try {
      const stream = muxer.createStream()
      await Promise.resolve(stream).catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      process.removeListener('uncaughtException', hear)
      for (const other of others) process.on('uncaughtException', other)
    }
    assert.deepEqual(failures, [])
  })
})
