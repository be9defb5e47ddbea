import assert from 'node:assert/strict'
import { readCardFacts } from '../../../../src/core/directory/card-facts.ts'

const SKILLS = [
  { id: 'book', tags: ['travel/flight-booking', 'nonsense'] },
  { id: 'travel/visa', tags: ['travel'] },
  { id: 'chat', tags: [] }
]
const CAPABILITIES = ['travel', 'travel/flight-booking', 'travel/visa']

const bytes = (card: unknown) => new TextEncoder().encode(JSON.stringify(card))
const read = (card: unknown) => readCardFacts(bytes(card), CAPABILITIES)
const facts = (skills: unknown) => ({ uri: 'urn:hansa:facts', params: { skills } })
const withExtensions = (...extensions: unknown[]) => ({ skills: SKILLS, capabilities: { extensions } })

describe('core/directory: what is read of a card', () => {
  it('is whether it streams, its extensions, and the facts of its skills under the capabilities that they name', () => {
    const declared = {
      book: { inputs: ['destination', 'destination'], outputs: ['flight-confirmation'] },
      'travel/visa': { outputs: ['visa'] },
      chat: {}
    }
    const card = {
      skills: SKILLS,
      capabilities: { streaming: true, extensions: [{ uri: 'https://example.com/x' }, facts(declared), { uri: 'https://example.com/x' }] }
    }
    assert.deepEqual(read(card), {
      streaming: true,
      extensions: ['https://example.com/x', 'urn:hansa:facts'],
      skills: [
        { id: 'book', capabilities: ['travel/flight-booking'], inputs: ['destination'], outputs: ['flight-confirmation'] },
        { id: 'travel/visa', capabilities: ['travel', 'travel/visa'], inputs: [], outputs: ['visa'] },
        { id: 'chat', capabilities: CAPABILITIES, inputs: [], outputs: [] }
      ]
    })
    assert.deepEqual(read({}), { streaming: false, extensions: [], skills: [] })
  })

  it('is refused when an extension is malformed, with its name', () => {
    const cases: [unknown, RegExp][] = [
      [{ capabilities: { extensions: {} } }, /extensions of the card are not a list/],
      [withExtensions({}), /URI of an extension of the card: "undefined"/],
      [withExtensions({ uri: 'a b' }), /URI of an extension of the card: "a b"/],
      [withExtensions({ uri: 'x'.repeat(257) }), /URI of an extension/],
      [withExtensions(...Array.from({ length: 33 }, (_, i) => ({ uri: `urn:x:${i}` }))), /33 extensions; at most 32/],
      [withExtensions({ uri: 'urn:hansa:facts' }), /urn:hansa:facts of the card: params: an object/],
      [withExtensions(facts([])), /urn:hansa:facts of the card: skills: an object/],
      [withExtensions(facts({}), facts({})), /urn:hansa:facts twice/],
      [withExtensions(facts({ fly: {} })), /urn:hansa:facts of the card: the card has no skill "fly"/],
      [withExtensions(facts({ book: [] })), /the skill "book": an object/],
      [withExtensions(facts({ book: { needs: [] } })), /the skill "book" has "needs"/],
      [withExtensions(facts({ book: { inputs: 'destination' } })), /inputs of "book" are not a list/],
      [withExtensions(facts({ book: { outputs: ['Flight'] } })), /outputs of "book": "Flight" is not a name of a fact/],
      [withExtensions(facts({ book: { outputs: Array.from({ length: 257 }, (_, i) => `f${i}`) } })), /more than 256 names/],
      [
        {
          skills: Array.from({ length: 33 }, (_, i) => ({ id: `s${i}` })),
          capabilities: { extensions: [facts(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`s${i}`, {}])))] }
        },
        /33 skills; at most 32/
      ]
    ]
    for (const [card, message] of cases) assert.throws(() => read(card), { code: 'INVALID_ARGUMENT', message })
    assert.throws(() => readCardFacts(new Uint8Array([1]), []), { code: 'INVALID_ARGUMENT', message: /not JSON/ })
    assert.throws(() => read([]), { code: 'INVALID_ARGUMENT', message: /no object/ })
  })
})
