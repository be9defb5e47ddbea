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

  it('does not fail in the background when the connection ends within the turn, and does when it has ended before', async () => {
    const connection = sendByTurn(new Connection())
    connection.send(bytes('a'))
    connection.status = 'reset'
    await endOfTurn()
    assert.deepEqual(connection.sent, [])
    assert.throws(() => connection.send(bytes('b')), /closed/)
  })
})
