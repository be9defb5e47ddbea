import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createEventParser, KEEP_ALIVE_COMMENT, renderEvent } from '../../../../src/wire/binding/server-sent-events.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const all = (text: string): string[] => createEventParser(1000).push(bytes(text))

describe('server-sent events', () => {
  it('reads what it writes, however the bytes are cut, with comments between', () => {
    fc.assert(
      fc.property(fc.array(fc.json(), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (texts, cuts) => {
        const wire = bytes(texts.map((text) => renderEvent(text) + KEEP_ALIVE_COMMENT).join(''))
        const parser = createEventParser(100_000)
        const read: string[] = []
        for (let from = 0, i = 0; from < wire.length; i++) {
          const to = from + (cuts[i % cuts.length] ?? 1)
          read.push(...parser.push(wire.subarray(from, to)))
          from = to
        }
        assert.deepEqual(read, texts)
      })
    )
  })

  it('knows all three line ends, also cut in the middle', () => {
    assert.deepEqual(all('data: a\r\n\r\ndata: b\r\rdata: c\n\n'), ['a', 'b', 'c'])
    const parser = createEventParser(1000)
    assert.deepEqual([...parser.push(bytes('data: a\r')), ...parser.push(bytes('\n\r')), ...parser.push(bytes('\ndata: b\n\n'))], ['a', 'b'])
  })

  it('joins the lines of one event and ignores other fields and comments', () => {
    assert.deepEqual(all('event: x\nid: 7\ndata: {"a":\ndata:1}\n: comment\n\n\n\nretry: 5\n\n'), ['{"a":\n1}'])
  })

  it('gives nothing for an event that has not ended', () => {
    assert.deepEqual(all('data: half'), [])
  })

  it('refuses a line or an event above the bound, and bytes that are no UTF-8', () => {
    const refused = { code: 'INVALID_AGENT_RESPONSE' }
    assert.throws(() => createEventParser(100).push(bytes('x'.repeat(200))), refused)
    assert.throws(() => createEventParser(100).push(bytes('data: 1234567890\n'.repeat(20))), refused)
    assert.throws(() => createEventParser(100).push(new Uint8Array([0xff, 0xfe])), refused)
    const slow = createEventParser(100)
    assert.throws(() => {
      for (let i = 0; i < 200; i++) slow.push(bytes('x'))
    }, refused)
  })
})
