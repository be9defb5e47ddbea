import assert from 'node:assert/strict'
import fc from 'fast-check'
import { protectedSpans } from '../../../../src/core/translation/protect.ts'
import { segmentsOf } from '../../../../src/core/translation/segments.ts'

const sentences = (text: string): string[] =>
  segmentsOf(text, protectedSpans(text))
    .filter(({ sentence }) => sentence)
    .map(({ start, end }) => text.slice(start, end))

describe('segments of a text', () => {
  it('are its sentences, without the white space around them', () => {
    assert.deepEqual(sentences('  Book a room. Two nights!\n\nThanks?  '), ['Book a room.', 'Two nights!', 'Thanks?'])
    assert.deepEqual(sentences('预订房间。谢谢！'), ['预订房间。', '谢谢！'])
  })

  it('do not end within an address, code or an abbreviation', () => {
    assert.deepEqual(sentences('See https://a.example/x?Lang=en now. Ok.'), ['See https://a.example/x?Lang=en now.', 'Ok.'])
    assert.deepEqual(sentences('Run `a. B. C` now. Ok.'), ['Run `a. B. C` now.', 'Ok.'])
    assert.deepEqual(sentences('Ask Dr. Smith. He knows.'), ['Ask Dr. Smith.', 'He knows.'])
  })

  it('are the text again when put together, for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom(...'a B.?! \n\t。`1/'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })), maxLength: 300 }),
        (text) => {
          assert.equal(
            segmentsOf(text, protectedSpans(text))
              .map(({ start, end }) => text.slice(start, end))
              .join(''),
            text
          )
        }
      )
    )
  })

  it('of a text of many numbers take no longer than the text is long', () => {
    const start = performance.now()
    const text = '1. A. '.repeat(30_000)
    segmentsOf(text, protectedSpans(text))
    assert.ok(performance.now() - start < 3_000)
  })
})
