import assert from 'node:assert/strict'
import { parseCard } from '../../../../src/wire/binding/agent-card.ts'
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

  it('is taken when it is an A2A 0.3 card: its interfaces say that they speak 0.3', () => {
    const old = { name: 'old', url: 'http://x/rpc', protocolVersion: '0.3.0', preferredTransport: 'JSONRPC', supportsAuthenticatedExtendedCard: true }
    const also = {
      additionalInterfaces: [
        { url: 'http://x/rpc', transport: 'JSONRPC' },
        { url: 'http://x/rest', transport: 'HTTP+JSON' }
      ]
    }
    const card = parseCard(
      bytes({ ...old, ...also, capabilities: { streaming: true, stateTransitionHistory: true }, skills: [{ id: 'a/b', security: [{ k: ['s'] }] }] })
    )
    assert.deepEqual(
      card.supportedInterfaces.map(({ url, protocolBinding, protocolVersion }) => [url, protocolBinding, protocolVersion]),
      [
        ['http://x/rpc', 'JSONRPC', '0.3'],
        ['http://x/rest', 'HTTP+JSON', '0.3']
      ]
    )
    assert.equal(card.capabilities?.extendedAgentCard, true)
    assert.deepEqual(card.skills[0]?.securityRequirements[0]?.schemes['k']?.list, ['s'])
    assert.deepEqual(describeAgent({ bytes: bytes(old), card }, { description: 'd' }, nodeInfo(ME), 1).protocols, ['a2a-jsonrpc', 'a2a-rest'])
  })

  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['more than 64 KiB', bytes({ ...CARD, description: 'x'.repeat(65_536) }), /at most 65536 are taken/],
    ['no JSON', bytes('<html>'), /not JSON/],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), /not JSON/],
    ['a list', bytes([]), /not a JSON object/],
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

  it('knows MQTT and mapped interfaces by their bindings', () => {
    const bindings = ['MQTTv5+JSONRPCv2', 'https://example.org/bindings/mqtt', 'urn:hansa:binding:http', 'urn:hansa:binding:grpc', 'urn:other']
    const card = { ...CARD, supportedInterfaces: bindings.map((protocolBinding) => ({ url: 'x:', protocolBinding })) }
    assert.deepEqual(describeAgent(read(card), {}, self, 1).protocols, ['mqtt', 'http'])
  })

  it('is refused with a capability or language that is none', () => {
    assert.throws(() => describeAgent(read(CARD), { capabilities: ['Travel!'] }, self, 1), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => describeAgent(read(CARD), { languages: ['not a tag'] }, self, 1), { code: 'INVALID_ARGUMENT', message: /BCP 47/ })
  })
})
