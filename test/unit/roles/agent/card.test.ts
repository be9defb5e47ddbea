import assert from 'node:assert/strict'
import { parseCard } from '../../../../src/roles/agent/card.ts'
import { describe as describeAgent } from '../../../../src/roles/agent/describe.ts'
import { CARD, nodeInfo } from './fakes.ts'
import { ME } from './house.ts'

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const read = (value: object) => ({ bytes: bytes(value), card: parseCard(bytes(value)) })

describe("an agent's card", () => {
  it('is taken when it is an A2A 1.0 card, whatever else it has', () => {
    const card = parseCard(bytes({ ...CARD, inventedLater: { a: 1 } }))
    assert.equal(card.name, 'Flight agent')
    assert.equal(card.supportedInterfaces[0]?.protocolBinding, 'JSONRPC')
  })

  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['more than 64 KiB', bytes({ ...CARD, description: 'x'.repeat(65_536) }), /at most 65536 are taken/],
    ['no JSON', bytes('<html>'), /not JSON/],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /not JSON/],
    ['a list', bytes([]), /not a JSON object/],
    ['a card of A2A 0.3', bytes({ name: 'old', url: 'http://x/', protocolVersion: '0.3.0' }), /A2A 0\.3/],
    ['without a name', bytes({ ...CARD, name: '' }), /name is missing/],
    ['a name that is a number', bytes({ ...CARD, name: 7 }), /name/],
    ['without interfaces', bytes({ ...CARD, supportedInterfaces: [] }), /supportedInterfaces is missing/],
    ['an interface without a URL', bytes({ ...CARD, supportedInterfaces: [{ protocolBinding: 'JSONRPC' }] }), /supportedInterfaces\[0\]\.url/]
  ]
  for (const [what, card, why] of refused)
    it(`is refused, saying why, when it is ${what}`, () => assert.throws(() => parseCard(card), { code: 'INVALID_AGENT_RESPONSE', message: why }))
})

describe('what an agent says of itself', () => {
  const self = nodeInfo(ME)

  it('comes from the settings where they say something', () => {
    const made = describeAgent(read(CARD), { name: 'F', capabilities: ['travel'], protocols: ['mqtt'], languages: ['es'] }, self, 5)
    assert.deepEqual([made.name, made.capabilities, made.protocols, made.languages, made.revision], ['F', ['travel'], ['mqtt'], ['es'], 5n])
  })

  it('is refused when something is missing, which is named', () => {
    const card = { ...CARD, skills: [{ id: 'Book It', tags: [] }], description: ' ' }
    assert.throws(() => describeAgent(read(card), {}, self, 1), { code: 'INCOMPLETE_REGISTRATION', message: /description and capabilities/ })
    const foreign = { ...CARD, supportedInterfaces: [{ url: 'x:', protocolBinding: 'urn:other' }] }
    assert.throws(() => describeAgent(read(foreign), {}, self, 1), { code: 'INCOMPLETE_REGISTRATION', message: /protocols/ })
  })

  it('is refused with a capability or language that is none', () => {
    assert.throws(() => describeAgent(read(CARD), { capabilities: ['Travel!'] }, self, 1), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => describeAgent(read(CARD), { languages: ['not a tag'] }, self, 1), { code: 'INVALID_ARGUMENT', message: /BCP 47/ })
  })
})
