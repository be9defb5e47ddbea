import assert from 'node:assert/strict'
import { clean } from '../../../src/cli/clean.ts'
import { createOutput } from '../../../src/cli/output.ts'
import { renderTable } from '../../../src/cli/table.ts'
import { fitText, textWidth } from '../../../src/cli/text-width.ts'

describe('tables', () => {
  it('line up columns with CJK, emoji and accents', () => {
    const lines = renderTable(
      ['NAME', 'LANGUAGE'],
      [
        ['航班助手', 'zh'],
        ['café', 'fr'],
        ['🚄 rail', 'de']
      ]
    )
    assert.deepEqual(lines, ['NAME      LANGUAGE', '航班助手  zh', 'café      fr', '🚄 rail   de'])
  })

  it('count what a terminal shows', () => {
    assert.deepEqual(['abc', '東京', 'é', 'e\u0301', 'ｶ', '한국', '👩‍🚀', ''].map(textWidth), [3, 4, 1, 1, 1, 4, 2, 0])
  })

  it('cut a long cell to its columns, not in the middle of a wide character', () => {
    assert.equal(fitText('東京都庁', 6), '東京…')
    assert.equal(fitText('short', 5), 'short')
  })

  it('are nothing without rows', () => assert.deepEqual(renderTable(['A'], []), []))
})

describe('output', () => {
  function capture(json: boolean, isTTY: boolean, env = {}): { out: ReturnType<typeof createOutput>; text: () => string } {
    let text = ''
    const sink = { write: (part: string) => (text += part), isTTY }
    return { out: createOutput(sink, sink, json, env), text: () => text }
  }

  it('is one JSON document with --json, without notes', () => {
    const { out, text } = capture(true, true)
    out.note('hint')
    out.result({ a: ['x\u001b[2J'] }, () => ['never'])
    assert.deepEqual(JSON.parse(text()), { a: ['x\u001b[2J'] })
  })

  it('has colours on a terminal only, and not against NO_COLOR', () => {
    assert.match(capture(false, true).out.style('red', 'x'), /\u001b\[31m/)
    assert.equal(capture(false, false).out.style('red', 'x'), 'x')
    assert.equal(capture(false, true, { NO_COLOR: '1' }).out.style('red', 'x'), 'x')
    assert.equal(capture(true, true).out.style('red', 'x'), 'x')
  })

  it('lets no stranger speak to the terminal', () => {
    const { out, text } = capture(false, true)
    out.result({ name: 'nice\u001b]0;owned\u0007\u009b2J\u202etxt' }, ({ name }) => [name])
    assert.doesNotMatch(text().trimEnd(), /[\p{Cc}\u202e]/u)
  })

  it('keeps line breaks and tabs, and what is not text', () => {
    assert.deepEqual(clean({ a: 'x\n\ty', b: [1, null, true], c: 'r\r' }), { a: 'x\n\ty', b: [1, null, true], c: 'r\ufffd' })
  })
})
