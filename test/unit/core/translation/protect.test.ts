import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cutAtMarkers, mark, protectedSpans, render, restore } from '../../../../src/core/translation/protect.ts'
import { indexTerms } from '../../../../src/core/translation/terms.ts'

const kept = (text: string): string[] => protectedSpans(text).map((span) => span.text)
const MARKER = /⟦(\d+)⟧/g

describe('protected spans', () => {
  it('are placeholders, code, addresses, identifiers and numbers', () => {
    assert.deepEqual(kept('Order {{orderId}} of ${user} and {n} and %d and %1$s'), ['{{orderId}}', '${user}', '{n}', '%d', '%1$s'])
    assert.deepEqual(kept('Run `npm ci` or\n```\nrm -r dist\n```'), ['`npm ci`', '```\nrm -r dist\n```'])
    assert.deepEqual(kept('See https://a.example/x?q=1&r=two. Or write to jo@a.example, please.'), ['https://a.example/x?q=1&r=two', 'jo@a.example'])
    assert.deepEqual(kept('请看https://a.example/x。谢谢'), ['https://a.example/x'])
    assert.deepEqual(kept('Look at /var/log/x and ./a/b.txt and C:\\temp\\x and config.yaml'), ['/var/log/x', './a/b.txt', 'C:\\temp\\x', 'config.yaml'])
    assert.deepEqual(kept('E_TIMEOUT in ABC-123 at 10:30 on 2026-11-23, 1,000.50 each'), ['E_TIMEOUT', 'ABC-123', '10:30', '2026-11-23', '1,000.50'])
    assert.deepEqual(kept('预订2间双床房，3晚'), ['2', '3'])
  })

  it('are no words: percent signs, hyphens and slashes between words, counts in compounds only by their number', () => {
    assert.deepEqual(kept('50% discount and/or a twin-room'), ['50'])
    assert.deepEqual(kept('a 24-hour desk'), ['24'])
  })

  it('come back as they were, with whatever words a translation puts around them', () => {
    const spans = fc.constantFrom('{{a}}', '${b}', '`c d`', 'https://e.example/f?g=h', 'i@j.example', 'K_L', 'M-12', '34', '{n}', '%s', '/o/p.txt')
    const words = fc.stringMatching(/^[a-zé ]{0,12}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(words, spans), { maxLength: 8 }), words, (pairs, last) => {
        const text = `${pairs.map(([word, span]) => `${word} ${span} `).join('')}${last}`
        const marked = mark(text, protectedSpans(text))
        assert.equal(
          render(marked, (slot) => marked.spans[slot]?.text ?? ''),
          text
        )
        const translated = render(
          marked,
          (slot) => `⟦${slot + 1}⟧`,
          (word) => word.toUpperCase()
        )
        const back = restore(cutAtMarkers(translated, MARKER), marked)
        assert.ok(back !== undefined)
        for (const [, span] of pairs) assert.ok(back.includes(span), `${span} in ${back}`)
      })
    )
  })

  it('are in order, apart and within the text, for any text and any glossary', () => {
    const glossary = indexTerms([{ source: 'Hansa' }, { source: 'gateway', target: 'puerta' }, { source: '网关' }])
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB1 ./:@{}$%`_-网关', 'Hansa', 'gateway', 'é', '\n'), maxLength: 200 }), (text) => {
        let at = 0
        for (const { start, end, text: found } of protectedSpans(text, glossary)) {
          assert.ok(start >= at && end > start && end <= text.length)
          assert.equal(text.slice(start, end), found)
          at = end
        }
      })
    )
  })

  it('are refused when a marker is lost, doubled or invented', () => {
    const marked = mark('2 rooms, 3 nights', protectedSpans('2 rooms, 3 nights'))
    const back = (text: string): string | undefined => restore(cutAtMarkers(text, MARKER), marked)
    assert.equal(back('⟦2⟧ noches, ⟦1⟧ salas'), '3 noches, 2 salas')
    for (const wrong of ['⟦1⟧ salas', '⟦1⟧ ⟦1⟧ ⟦2⟧', '⟦1⟧ ⟦2⟧ ⟦3⟧', '⟦0⟧ ⟦1⟧ ⟦2⟧', '']) assert.equal(back(wrong), undefined, wrong)
  })

  it('take time in proportion to the text, whatever it is', () => {
    const hostile = ['a', 'a-', '1-', '`', '{{', '${', '/a', 'a.', 'a@', 'a_', '%(', '```', 'http://', '{', '.', 'A_', '\\', 'a:\\', '~/'].map((piece) =>
      piece.repeat(200_000 / piece.length)
    )
    for (const text of hostile) {
      const start = performance.now()
      protectedSpans(text)
      assert.ok(performance.now() - start < 3_000, `${text.slice(0, 5)}: ${performance.now() - start} ms`)
    }
  }).timeout(60_000)
})

describe('glossary terms', () => {
  const terms = indexTerms([
    { source: 'gateway', target: 'pasarela' },
    { source: 'Hansa' },
    { source: 'Hansa gateway', target: 'pasarela Hansa' },
    { source: '双床房' }
  ])

  it('are whole words in any case, the longest first, and hold their translation', () => {
    const found = protectedSpans('Gateways and a GATEWAY of Hansa: the Hansa gateway', terms)
    assert.deepEqual(
      found.map(({ text, value }) => [text, value]),
      [
        ['GATEWAY', 'pasarela'],
        ['Hansa', 'Hansa'],
        ['Hansa gateway', 'pasarela Hansa']
      ]
    )
  })

  it('are found in scripts without spaces, and not within addresses', () => {
    assert.deepEqual(
      protectedSpans('预订双床房吧', terms).map(({ text }) => text),
      ['双床房']
    )
    assert.deepEqual(
      protectedSpans('https://gateway.example/hansa', terms).map(({ kind }) => kind),
      ['address']
    )
  })
})
