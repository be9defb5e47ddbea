import assert from 'node:assert/strict'
import { declaredLanguage, wantedLanguage } from '../../../../src/wire/binding/languages.ts'

describe('languages of a request', () => {
  const wanted: readonly (readonly [string | undefined, string | undefined])[] = [
    [undefined, undefined],
    ['', undefined],
    ['*', undefined],
    ['*, es', 'es'],
    ['de', 'de'],
    ['fr;q=0.2, es-MX;q=0.8, en;q=0.8', 'es-MX'],
    ['en;q=0, fr;q=0.001', 'fr'],
    ['en;q=2, fr;q=x, es;q=0.5', 'es'],
    ['en ; Q=0.1 , zh-Hans', 'zh-Hans'],
    ['not a tag, en', 'en'],
    [`${'x'.repeat(5_000)}, en`, undefined]
  ]
  for (const [header, language] of wanted)
    it(`wants ${language ?? 'none'} by ${(header ?? 'no header').slice(0, 40)}`, () => assert.equal(wantedLanguage(header), language))

  it('is written in the first that is declared', () => {
    assert.equal(declaredLanguage('es-MX, en'), 'es-MX')
    for (const header of [undefined, '', '*', 'no tag']) assert.equal(declaredLanguage(header), undefined)
  })
})
