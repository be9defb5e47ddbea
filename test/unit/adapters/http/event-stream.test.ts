import assert from 'node:assert/strict'
import { ServerResponse, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { createEventStream } from '../../../../src/adapters/http/event-stream.ts'

/** A response whose client reads nothing until `read`. */
function unread() {
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  const written: string[] = []
  let full = false
  Object.defineProperty(response, 'writableNeedDrain', { get: () => full })
  response.writeHead = () => response
  response.write = (text: unknown) => {
    written.push(String(text))
    full = true
    return false
  }
  const read = () => {
    full = false
    response.emit('drain')
  }
  return { response, written, read }
}

describe('adapters/http: server-sent events to a client that does not read', () => {
  it('lets it go after a minute of keep-alives that found no room, and stops waiting for it', async () => {
    const { response, written } = unread()
    const stream = createEventStream(response)
    const life = new AbortController()
    response.once('close', () => life.abort(new Error('closed')))
    const sent = stream.send('x', life.signal)
    for (let tick = 0; tick < 3; tick++) stream.keepAlive()
    assert.equal(response.destroyed, false)
    stream.keepAlive()
    assert.equal(response.destroyed, true)
    response.emit('close')
    await assert.rejects(sent)
    assert.equal(written.length, 1, 'nothing is queued for it')
  })

  it('is patient with one that is slow', async () => {
    const { response, read } = unread()
    const stream = createEventStream(response)
    const { signal } = new AbortController()
    for (let round = 0; round < 5; round++) {
      const sent = stream.send('x', signal)
      for (let tick = 0; tick < 3; tick++) stream.keepAlive()
      read()
      await sent
      stream.keepAlive()
      read()
    }
    assert.equal(response.destroyed, false)
  })
})
