import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { cardUrlOf } from '../../../../src/adapters/http/agent-interface.ts'
import { identifyRequest } from '../../../../src/adapters/http/client-identity.ts'
import { type Clients, createIdentify } from '../../../../src/adapters/ingress/identify.ts'
import { parseListen, urlOf } from '../../../../src/adapters/ingress/listen-address.ts'
import type { PeerIdentity } from '../../../../src/ports/identity.ts'
import { HansaError } from '../../../../src/schema/errors.ts'
import { interfacesOf, type Offer } from '../../../../src/adapters/http/offer.ts'
import { serveCard } from '../../../../src/adapters/http/served-card.ts'

const self = { spiffeId: 'spiffe://north.example/agw/gw1' }
const from = (remoteAddress: string | undefined, headers: Record<string, string> = {}) => ({ socket: { remoteAddress }, headers }) as IncomingMessage

const identify = (request: IncomingMessage, own: typeof self | undefined, clients: Clients): { readonly spiffeId: string } =>
  identifyRequest(request, { address: request.socket.remoteAddress }, createIdentify({ self: () => own, clients, check: () => undefined }))

describe('who stands at the ingress', () => {
  it('is the gateway itself when the client is on the same machine', () => {
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])
      assert.equal(identify(from(address), self, 'loopback').spiffeId, self.spiffeId)
    for (const host of ['localhost:7400', '127.0.0.1', '[::1]:7400', 'LOCALHOST']) assert.deepEqual(identify(from('::1', { host }), self, 'loopback'), self)
  })

  it('is refused from anywhere else', () => {
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '1127.0.0.1', '::2', 'fe80::1', undefined])
      assert.throws(() => identify(from(address), self, 'loopback'), { code: 'UNAUTHENTICATED' }, String(address))
  })

  it('is refused behind a proxy, from a page in a browser, and under a foreign name', () => {
    const headers: Record<string, string>[] = [
      { 'x-forwarded-for': '' },
      { via: '1.1 x' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'evil.example' },
      { host: 'localhost.evil.example' }
    ]
    for (const header of headers)
      assert.throws(() => identify(from('127.0.0.1', header), self, 'loopback'), { code: 'UNAUTHENTICATED' }, JSON.stringify(header))
  })

  it('is refused when nobody is wanted, and told to wait before the gateway has a name', () => {
    assert.throws(() => identify(from('127.0.0.1'), self, 'none'), { code: 'UNAUTHENTICATED' })
    assert.throws(() => identify(from('127.0.0.1'), undefined, 'loopback'), { code: 'OVERLOADED' })
  })
})

describe('who stands at the ingress with a certificate', () => {
  const identity: PeerIdentity = {
    ...{ peer: 'p', spiffeId: 'spiffe://north.example/agent/a', domain: 'north.example', name: 'a', roles: ['agent'], serial: '1', notAfter: 1, own: true }
  }

  it('is its holder, wherever it comes from, as long as the certificate holds', () => {
    const good = createIdentify({ self: () => self, clients: 'none', check: () => undefined })
    assert.equal(identifyRequest(from('10.0.0.1', { host: 'gw.north.example', via: 'x' }), { identity, address: '10.0.0.1' }, good).spiffeId, identity.spiffeId)
    const check = (): never => {
      throw new HansaError('CERTIFICATE_REVOKED', 'revoked')
    }
    const revoked = createIdentify({ self: () => self, clients: 'loopback', check })
    assert.throws(() => revoked({ identity, address: '127.0.0.1' }), { code: 'CERTIFICATE_REVOKED' })
  })
})

describe('addresses of the ingress', () => {
  it('reads host and port, and says how its own machine reaches it', () => {
    assert.equal(urlOf(parseListen('0.0.0.0:7400')), 'http://127.0.0.1:7400')
    assert.equal(urlOf(parseListen('[::]:7400')), 'http://[::1]:7400')
    assert.equal(urlOf(parseListen('gw.north.example:0')), 'http://gw.north.example:0')
  })

  it('refuses what is none', () => {
    for (const text of ['7400', ':7400', '::1:7400', 'host:', 'host:65536', 'host:x', 'http://host:1', '[::1:1'])
      assert.throws(() => parseListen(text), { code: 'CONFIG_INVALID' }, text)
  })

  it("finds an agent's card at its origin or where it is told", () => {
    assert.equal(cardUrlOf('http://x:1').href, 'http://x:1/.well-known/agent-card.json')
    assert.equal(cardUrlOf('https://x/cards/a.json').href, 'https://x/cards/a.json')
    assert.equal(cardUrlOf('file:///cards/a.json').href, 'file:///cards/a.json')
    for (const text of ['x', 'ftp://x']) assert.throws(() => cardUrlOf(text), { code: 'INVALID_ARGUMENT' }, text)
  })
})

const OFFERS: readonly Offer[] = [
  { binding: 'JSONRPC', version: '1.0' },
  { binding: 'GRPC', version: '1.0' },
  { binding: 'MQTTv5+JSONRPCv2', version: '1.0', broker: new URL('mqtts://gateway:secret@broker.example:8883/x') },
  { binding: 'MQTTv5+JSONRPCv2', version: '1.0' }
]

describe('the card that a gateway serves', () => {
  const serve = (card: object) =>
    serveCard(new TextEncoder().encode(JSON.stringify(card)), 'a@b.example', interfacesOf(OFFERS, 'http://gw:7400', 'a@b.example')) as Record<string, unknown>

  it('says what A2A requires even of an agent that is short of words', () => {
    const card = serve({ name: 'x' })
    for (const field of ['name', 'description', 'version', 'supportedInterfaces', 'capabilities', 'defaultInputModes', 'defaultOutputModes', 'skills'])
      assert.notEqual(card[field], undefined, field)
  })

  it("names no address, no credentials and no signature of the agent's own", () => {
    const card = serve({
      name: 'x',
      supportedInterfaces: [{ url: 'http://10.0.0.1', protocolBinding: 'GRPC', protocolVersion: '1.0', tenant: 'secret' }],
      securitySchemes: { k: { apiKeySecurityScheme: { location: 'header', name: 'K' } } },
      securityRequirements: [{ schemes: { k: { list: [] } } }],
      skills: [{ id: 's', name: 's', description: '', tags: [], securityRequirements: [{ schemes: { k: { list: [] } } }] }],
      signatures: [{ protected: 'a', signature: 'b' }]
    })
    delete (card['capabilities'] as Record<string, unknown>)['extensions']
    assert.doesNotMatch(JSON.stringify(card), /10\.0\.0\.1|secret|"K"|securityRequirements|signatures/)
  })

  it('names the gateway on every binding that it offers, and nothing that only the gateway may know of its broker', () => {
    const faces = serve({ name: 'x' })['supportedInterfaces'] as { url: string; tenant?: string }[]
    assert.deepEqual(
      faces.map(({ url, tenant }) => [url, tenant]),
      [
        ['http://gw:7400/agents/a@b.example/jsonrpc', undefined],
        ['gw:7400', 'a@b.example'],
        ['mqtts://broker.example:8883/b.example/agent/a', undefined],
        ['mqtt://gw:7400/b.example/agent/a', undefined]
      ]
    )
  })

  it('carries one original, even of an agent that is behind a gateway itself', () => {
    const inner = serve({ name: 'x' })
    const { extensions } = serve(inner)['capabilities'] as { extensions: { uri: string }[] }
    assert.equal(extensions.filter(({ uri }) => uri === 'urn:hansa:original-card').length, 1)
  })

  it('refuses bytes that are no card', () => {
    for (const text of ['', '[]', '{"skills":7}'])
      assert.throws(() => serveCard(new TextEncoder().encode(text), 'a@b.example', []), { code: 'INVALID_AGENT_RESPONSE' })
  })
})
