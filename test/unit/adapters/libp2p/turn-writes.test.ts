import assert from 'node:assert/strict'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { MessageStream } from '@libp2p/interface'
import { sendByTurn } from '../../../../src/adapters/libp2p/turn-writes.ts'

class Connection {
  readonly sent: string[] = []
  status: MessageStream['status'] = 'open'
  writableNeedsDrain = false

  send(data: { subarray(): Uint8Array }): boolean {
    if (this.status !== 'open') throw new Error('the stream is closed')
    this.sent.push(Buffer.from(data.subarray()).toString())
    return !this.writableNeedsDrain
  }

  close(): Promise<void> {
    this.sent.push('(close)')
    return Promise.resolve()
  }

  abort(_reason: Error): void {
    this.sent.push('(abort)')
    this.status = 'aborted'
  }
}

/** A yamux frame without data: type 1 is a window update, type 2 a ping. */
function frame(type: number, flags: number, length: number): Uint8Array {
  const head = new DataView(new ArrayBuffer(12))
  head.setUint8(1, type)
  head.setUint16(2, flags)
  head.setUint32(4, 7)
  head.setUint32(8, length)
  return new Uint8Array(head.buffer)
}

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('sendByTurn', () => {
  it('sends what one turn brings in one piece and in order', async () => {
    const connection = sendByTurn(new Connection())
    assert.equal(connection.send(bytes('a')), true)
    await Promise.resolve()
    connection.send(bytes('b'))
    process.nextTick(() => connection.send(bytes('c')))
    assert.deepEqual(connection.sent, [])
    await endOfTurn()
    assert.deepEqual(connection.sent, ['abc'])
    connection.send(bytes('d'))
    await endOfTurn()
    assert.deepEqual(connection.sent, ['abc', 'd'])
  })

  it('holds no more than 64 KiB back, and tells at once whether the connection takes more', () => {
    const connection = sendByTurn(new Connection())
    connection.send(bytes('a'.repeat(40_000)))
    assert.equal(connection.sent.length, 0)
    connection.writableNeedsDrain = false
    assert.equal(connection.send(bytes('b'.repeat(40_000))), true)
    assert.equal(connection.sent.length, 1)
  })

  it('passes on that the connection is full, behind what was held back', async () => {
    const connection = sendByTurn(new Connection())
    connection.send(bytes('a'))
    connection.writableNeedsDrain = true
    assert.equal(connection.send(bytes('b')), false)
    assert.deepEqual(connection.sent, ['a', 'b'])
    connection.writableNeedsDrain = false
    assert.equal(connection.send(bytes('c')), true)
    await endOfTurn()
    assert.deepEqual(connection.sent, ['a', 'b', 'c'])
  })

  it('sends what it holds before the connection is closed or aborted', async () => {
    const closed = sendByTurn(new Connection())
    closed.send(bytes('last words'))
    await closed.close()
    const aborted = sendByTurn(new Connection())
    aborted.send(bytes('goodbye'))
    aborted.abort(new Error('enough'))
    await endOfTurn()
    assert.deepEqual([...closed.sent, ...aborted.sent], ['last words', '(close)', 'goodbye', '(abort)'])
  })

  it('lets window updates wait for a message, but not for long', async () => {
    const connection = sendByTurn(new Connection())
    connection.send(frame(1, 0, 1000))
    await endOfTurn()
    assert.equal(connection.sent.length, 0)
    connection.send(bytes('a'))
    await endOfTurn()
    assert.equal(connection.sent.length, 1)
    assert.equal(connection.sent[0]?.length, 13)
    const alone = new Promise<void>((resolve) => {
      const other = new Connection()
      const send = other.send.bind(other)
      other.send = (data) => (resolve(), send(data))
      sendByTurn(other).send(frame(1, 0, 1000))
    })
    await alone
  })

  it('does not keep a sender waiting: much credit leaves at the end of the turn', async () => {
    const connection = sendByTurn(new Connection())
    connection.send(frame(1, 0, 40_000))
    await endOfTurn()
    assert.equal(connection.sent.length, 0)
    connection.send(frame(1, 0, 40_000))
    await endOfTurn()
    assert.equal(connection.sent.length, 1)
  })

  for (const [what, urgent] of [
    ['the end of a stream', frame(1, 4, 0)],
    ['a new stream', frame(1, 1, 1000)],
    ['a reset', frame(1, 8, 0)],
    ['a ping', frame(2, 1, 1)]
  ] as const)
    it(`sends ${what} at the end of the turn`, async () => {
      const connection = sendByTurn(new Connection())
      connection.send(urgent)
      await endOfTurn()
      assert.equal(connection.sent.length, 1)
    })

  it('does not fail in the background when the connection ends within the turn, and does when it has ended before', async () => {
    const connection = sendByTurn(new Connection())
    connection.send(bytes('a'))
    connection.status = 'reset'
    await endOfTurn()
    assert.deepEqual(connection.sent, [])
    assert.throws(() => connection.send(bytes('b')), /closed/)
  })
})
