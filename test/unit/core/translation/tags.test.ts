import assert from 'node:assert/strict'
import { canonicalTag, matchingPairs, pairName, parsePair, tagDistance } from '../../../../src/core/translation/tags.ts'

describe('language tags', () => {
  it('have one form', () => {
    assert.deepEqual(['eng', 'spa', 'ZH-hans', 'en_GB', 'x!', ''].map(canonicalTag), ['en', 'es', 'zh-Hans', 'en-GB', undefined, undefined])
  })

  it('are near when the same people read them', () => {
    assert.equal(tagDistance('en-GB', 'en-GB'), 0)
    assert.equal(tagDistance('en-GB', 'en'), 1)
    assert.equal(tagDistance('en-GB', 'en-US'), 2)
    assert.equal(tagDistance('zh', 'zh-Hans'), 2)
    assert.equal(tagDistance('zh-CN', 'zh-Hans'), 2)
    for (const [wanted, offered] of [
      ['zh-TW', 'zh-Hans'],
      ['zh-Hant', 'zh'],
      ['en', 'es'],
      ['sr-Latn', 'sr']
    ] as const)
      assert.equal(tagDistance(wanted, offered), undefined)
  })

  it('pick the closest pair first', () => {
    const offered = ['en-US>es', 'en>es', 'en-GB>es', 'en>fr'].map((name) => parsePair(name) ?? { from: '', to: '' })
    assert.deepEqual(matchingPairs({ from: 'en-GB', to: 'es-MX' }, offered).map(pairName), ['en-GB>es', 'en>es', 'en-US>es'])
    assert.equal(parsePair('en>es>fr'), undefined)
  })
})
