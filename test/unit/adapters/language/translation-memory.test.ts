import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TranslationMemory } from '../../../../src/adapters/language/translation-memory.ts'
import { mark, protectedSpans } from '../../../../src/core/translation/protect.ts'

const memoryOf = (...units: Record<string, string>[]): TranslationMemory =>
  new TranslationMemory(
    units.map((unit) => new Map(Object.entries(unit))),
    0.85
  )
const find = (memory: TranslationMemory, text: string, from = 'en', to = 'zh') => memory.find(mark(text, protectedSpans(text)), from, to)

describe('translation memory', () => {
  const memory = memoryOf(
    { en: 'Book a twin room for 2 nights', zh: '预订一间双床房，2晚' },
    { en: 'Move {a} from room {b} to room {c}', zh: '把{c}号房给{a}，不再用{b}号房' },
    { en: 'You have a room.', zh: '您有房间。' },
    { en: 'I would like to book a quiet double room with breakfast', zh: '我想预订一间安静的含早大床房' },
    { en: 'We take 2 dogs into our house today', zh: '我们今天带两只狗进屋' },
    { en: 'See https://a.example/x for the times of trains', zh: '火车时刻见https://a.example/x' }
  )

  it('gives what was written, both ways, whatever case, spaces and region', () => {
    assert.deepEqual(find(memory, 'book a  TWIN room for 2 nights'), { text: '预订一间双床房，2晚', score: 1 })
    assert.deepEqual(find(memory, '预订一间双床房，2晚', 'zh-CN', 'en-GB'), { text: 'Book a twin room for 2 nights', score: 1 })
    assert.equal(find(memory, '预订一间双床房，2晚', 'zh-TW', 'en'), undefined)
  })

  it('takes other numbers, in the order of the target', () => {
    assert.deepEqual(find(memory, 'Book a twin room for 7 nights'), { text: '预订一间双床房，7晚', score: 1 })
    assert.deepEqual(find(memory, 'Move A380 from room 12 to room 34'), { text: '把34号房给A380，不再用12号房', score: 1 })
  })

  it('says less than 1 where a noun may be in the wrong number', () => assert.equal(find(memory, 'Book a twin room for 1 nights')?.score, 0.95))

  it('takes nothing of another kind for a number or an address', () => {
    assert.equal(find(memory, 'Book a twin room for https://a.example/ nights'), undefined)
    assert.equal(find(memory, 'See 5 for the times of trains'), undefined)
    assert.equal(find(memory, 'See https://b.example/y for the times of trains')?.text, '火车时刻见https://b.example/y')
  })

  it('takes a unit whose sides do not hold the same numbers only with its own', () => {
    assert.equal(find(memory, 'We take 2 dogs into our house today')?.text, '我们今天带两只狗进屋')
    assert.equal(find(memory, 'We take 3 dogs into our house today'), undefined)
    assert.equal(find(memory, 'We take dogs into our house today'), undefined)
  })

  it('finds a sentence that is nearly the same and says how near', () => {
    const made = find(memory, 'I would like to book a quiet double room, with breakfast please')
    assert.equal(made?.text, '我想预订一间安静的含早大床房')
    assert.ok(made.score >= 0.85 && made.score < 1)
    assert.equal(find(memory, 'The weather is fine'), undefined)
  })

  it('does not take a sentence for its opposite, or a question for a statement', () => {
    assert.equal(find(memory, 'I would like to book a quiet double room without breakfast'), undefined)
    assert.equal(find(memory, 'I would not like to book a quiet double room with breakfast'), undefined)
    assert.equal(find(memory, 'You have a room?'), undefined)
  })

  it('gives every unit back in both directions, for any words and numbers', () => {
    const sentence = fc
      .array(fc.oneof(fc.stringMatching(/^[a-zß]{1,8}$/), fc.nat(999).map(String)), { minLength: 2, maxLength: 8 })
      .map((words) => `x ${words.join(' ')}`)
    fc.assert(
      fc.property(sentence, sentence, (de, en) => {
        const one = memoryOf({ de, en })
        assert.equal(find(one, de, 'de', 'en')?.text, en)
        assert.equal(find(one, en, 'en', 'de')?.text, de)
      })
    )
  })

  it('looks through 100,000 units within the time of a call', () => {
    const many = memoryOf(
      ...Array.from({ length: 100_000 }, (_, index) => ({ en: `the ${name(index)} room of ${name(index * 7)} is ready for you`, zh: `房间${name(index)}` }))
    )
    find(many, 'warm up')
    const start = performance.now()
    assert.equal(find(many, `the ${name(777)} room of ${name(777 * 7)} is ready for you now`)?.text, `房间${name(777)}`)
    for (let index = 0; index < 50; index++) find(many, `the ${name(index)} unknown of ${name(index)} was never here`)
    assert.ok((performance.now() - start) / 51 < 100)
  }).timeout(60_000)
})

/** A number in letters: words without digits. */
function name(index: number): string {
  return [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
}
