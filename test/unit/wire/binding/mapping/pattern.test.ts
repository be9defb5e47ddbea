import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compilePattern, MAX_TEXT } from '../../../../../src/wire/binding/mapping/pattern.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`wire/binding/mapping: patterns (seed ${seed})`, () => {
  it('find named groups in what people write', () => {
    const book = compilePattern('book (?<nights>\\d+) nights? in (?<city>\\p{L}[\\p{L} ]*?)(?: for (?<guest>.+))?[.!]?$')
    assert.deepEqual(book.groups, ['nights', 'city', 'guest'])
    assert.deepEqual({ ...book.exec('Please BOOK 2 nights in São Paulo for Ana Lima.') }, { nights: '2', city: 'São Paulo', guest: 'Ana Lima.' })
    assert.deepEqual({ ...book.exec('book 1 night in Köln!') }, { nights: '1', city: 'Köln' })
    assert.equal(book.exec('cancel my room'), undefined)
  })

  it('match as the language’s own expressions do', () => {
    const piece = fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '(?:a|b)', '(?<g>a|ab)', '^', '$', '\\b', 'c')
    const quantifier = fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '{1,2}', '{2}')
    const source = fc
      .array(fc.tuple(piece, quantifier), { minLength: 1, maxLength: 5 })
      .map((pieces) => pieces.map(([one, times]) => (/^(\^|\$|\\b)$/.test(one) ? one : one + times)).join(''))
      .filter((text) => text.split('(?<g>').length <= 2)
    fc.assert(
      fc.property(source, fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 8 }), (pattern, text) => {
        const theirs = new RegExp(pattern, 'isu').exec(text)
        const ours = compilePattern(pattern).exec(text)
        assert.equal(ours === undefined, theirs === null)
        // In a repetition that runs again without the group, the language forgets it and we do not.
        if (theirs !== null && /\(\?<g>a\|ab\)(?![*+?{])/.test(pattern)) assert.equal(ours?.['g'], theirs.groups?.['g'])
      }),
      { seed, numRuns: 2_000 }
    )
  })

  it('take no longer for a text made to hurt', () => {
    const text = 'a'.repeat(MAX_TEXT * 2)
    const before = performance.now()
    for (const source of ['(a+)+b', '(a|a)*b', '(a|aa)+$b', '.*.*.*.*.*b', '(?:a?){100}a{100}b']) assert.equal(compilePattern(source).exec(text), undefined)
    assert.ok(performance.now() - before < 10_000)
  })

  for (const [source, why] of [
    ['(a)\\1', /not understood/],
    ['(?=a)', /lookaround/],
    ['(?<=a)b', /lookaround/],
    ['(a', /without its \)/],
    ['a)', /without its \(/],
    ['(?<a>x)(?<a>y)', /twice/],
    ['a{3,1}', /least/],
    ['(a{100}){100}', /500 steps/],
    ['[z-a]', /not understood/],
    ['*a', /not understood/],
    ['('.repeat(30), /deeper/]
  ] as const)
    it(`refuse ${source.slice(0, 20)}`, () => assert.throws(() => compilePattern(source), why))
})
