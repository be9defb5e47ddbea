import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DATA, DATA_LAST, encodeFrame, END, FRAME_HEAD, FrameDecoder, HELLO, MAX_FRAGMENT, MAX_FRAME, TRAILER } from '../../../src/wire/frames.ts'

interface Frame {
  type: number
  payload: Uint8Array
}

function decode(chunks: Uint8Array[]): Frame[] {
  const decoder = new FrameDecoder()
  const frames: Frame[] = []
  for (const chunk of chunks) decoder.push(chunk, (frame) => frames.push({ type: frame.type, payload: Uint8Array.from(frame.payload) }))
  assert.equal(decoder.buffered, 0)
  return frames
}

describe('wire/frames', () => {
  it('gives back what was encoded, however the bytes are cut', () => {
    const frame = fc.record({ type: fc.integer({ min: HELLO, max: TRAILER }), payload: fc.uint8Array({ maxLength: 40 }) })
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(encodeFrame))
        const chunks: Uint8Array[] = []
        for (let offset = 0, i = 0; offset < bytes.length; i++) {
          const size = cuts[i % cuts.length] ?? 1
          chunks.push(bytes.subarray(offset, offset + size))
          offset += size
        }
        assert.deepEqual(
          decode(chunks),
          frames.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) }))
        )
      })
    )
  })

  it('carries a frame of exactly 64 KiB and refuses one byte more, naming the bound', () => {
    const payload = new Uint8Array(MAX_FRAGMENT).fill(7)
    assert.equal(encodeFrame({ type: DATA, payload }).length, MAX_FRAME)
    assert.equal(decode([encodeFrame({ type: DATA, payload })])[0]?.payload.length, MAX_FRAGMENT)
    assert.throws(() => encodeFrame({ type: DATA, payload: new Uint8Array(MAX_FRAGMENT + 1) }), { code: 'FRAME_TOO_LARGE' })
    assert.throws(() => new FrameDecoder().push(Uint8Array.of(DATA, 0, 0xff, 0xfd), () => assert.fail()), {
      code: 'FRAME_TOO_LARGE',
      metadata: { bound: '65536' }
    })
  })

  it('refuses an unknown type as soon as the head is there, after the frames before it', () => {
    for (const type of [0, 7, 255]) {
      const seen: number[] = []
      const bytes = Buffer.concat([encodeFrame({ type: END, payload: new Uint8Array() }), Uint8Array.of(type, 0, 0, 9)])
      assert.throws(() => new FrameDecoder().push(bytes, (frame) => seen.push(frame.type)), { code: 'MALFORMED' })
      assert.deepEqual(seen, [END])
    }
  })

  it('keeps bytes and not their wrapping when a frame comes one byte at a time', () => {
    // Each chunk a buffer of its own, as it comes from a socket: what the decoder lets go of can be collected.
    const decoder = new FrameDecoder()
    const payload = Uint8Array.from({ length: 20_000 }, (_, i) => i & 0xff)
    const bytes = encodeFrame({ type: DATA, payload })
    for (const byte of bytes.subarray(0, -1)) {
      decoder.add(Uint8Array.of(byte))
      assert.equal(decoder.next(), undefined)
    }
    assert.ok(decoder.pieces < 300, `${decoder.pieces} pieces are kept of ${decoder.buffered} bytes`)
    decoder.add(bytes.subarray(-1))
    assert.deepEqual(Buffer.from(decoder.next()?.payload ?? []), Buffer.from(payload))
    assert.equal(decoder.buffered, 0)
  })

  it('takes nothing after a failure', () => {
    const decoder = new FrameDecoder()
    assert.throws(() => decoder.push(Uint8Array.of(99, 0, 0, 0), () => assert.fail()))
    assert.throws(() => decoder.push(encodeFrame({ type: DATA_LAST, payload: new Uint8Array(3) }), () => assert.fail()), { code: 'MALFORMED' })
  })

  it('knows when an end cuts a frame off', () => {
    for (let length = 1; length < FRAME_HEAD + 5; length++) {
      const decoder = new FrameDecoder()
      decoder.push(encodeFrame({ type: DATA, payload: new Uint8Array(5) }).subarray(0, length), () => assert.fail())
      assert.equal(decoder.buffered, length)
    }
  })

  it('decodes only on demand: many tiny frames stay bytes until they are read', () => {
    const decoder = new FrameDecoder()
    const tiny = encodeFrame({ type: END, payload: new Uint8Array() })
    for (let i = 0; i < 1_000; i++) decoder.add(Buffer.concat(Array<Uint8Array>(100).fill(tiny)))
    assert.equal(decoder.buffered, 400_000)
    let count = 0
    while (decoder.next() !== undefined) count++
    assert.equal(count, 100_000)
    assert.equal(decoder.buffered, 0)
  })

  it('survives any bytes: frames or a typed refusal, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          new FrameDecoder().push(bytes, (frame) => assert.ok(frame.payload.length <= MAX_FRAGMENT))
        } catch (error) {
          assert.match(String((error as { code?: string }).code), /^(MALFORMED|FRAME_TOO_LARGE)$/)
        }
      })
    )
  })
})
