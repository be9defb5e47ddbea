import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { firstBytes } from '../../../../src/adapters/ingress/first-bytes.ts'
import { sniff } from '../../../../src/adapters/ingress/sniff.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const SAMPLES: readonly (readonly [string, Buffer])[] = [
  ['tls', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])],
  ['mqtt', Buffer.from([0x10, 0x20, 0x00, 0x04])],
  ['http2', Buffer.from(`${PREFACE}\0\0\0`)],
  ['http1', Buffer.from('POST / HTTP/1.1\r\n\r\n')],
  ['http1', Buffer.from('PROPFIND / HTTP/1.1\r\n\r\n')],
  ['http1', Buffer.from('PRI / HTTP/1.1\r\n\r\n')],
  ['http1', Buffer.from([0x16, 0x04, 0, 0])],
  ['http1', Buffer.from([0, 1, 2])]
]

describe('what a client speaks', () => {
  it('is told by its first bytes, however they come', () => {
    for (const [spoken, bytes] of SAMPLES) {
      assert.equal(sniff(bytes), spoken, bytes.toString())
      let told = ''
      for (let size = 0; size <= bytes.length && told !== spoken; size++) {
        told = sniff(bytes.subarray(0, size))
        assert.ok(told === 'more' || told === spoken, `${bytes.toString()} at ${size}: ${told}`)
      }
      assert.equal(told, spoken)
    }
  })

  it('is always told at the latest with the length of the longest beginning', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => assert.notEqual(sniff(bytes), 'more')))
  })

  it('leaves every byte where it was', async () => {
    for (const [spoken, bytes] of SAMPLES) {
      const socket = new Duplex({ read: () => undefined, write: (_piece, _encoding, done) => done() })
      const told = firstBytes(socket)
      for (const byte of bytes) socket.push(Buffer.from([byte]))
      assert.equal(await told, spoken)
      let read = Buffer.alloc(0)
      for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) read = Buffer.concat([read, piece])
      assert.deepEqual(read, bytes)
    }
  })

  it('is nothing when the client leaves before it has said it', async () => {
    const socket = new Duplex({ read: () => undefined, write: (_piece, _encoding, done) => done() })
    const told = firstBytes(socket)
    socket.push(Buffer.from('PRI * HT'))
    socket.push(null)
    assert.equal(await told, undefined)
  })
})
