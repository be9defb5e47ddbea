import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk'
import type { JsonObject } from '@bufbuild/protobuf'
import { type CardSigner, signCard } from '../../../../src/adapters/http/card-signature.ts'
import { gatewayCard } from '../../../../src/adapters/http/gateway-documents.ts'
import { interfacesOf, type Offer } from '../../../../src/adapters/http/offer.ts'
import { serveCard } from '../../../../src/adapters/http/served-card.ts'
import { testDomain, type TestNode } from '../../../support/pki.ts'

const OFFERS: readonly Offer[] = [
  { binding: 'JSONRPC', version: '1.0' },
  { binding: 'GRPC', version: '1.0' }
]
const HANDLE = 'flight@north.example'

describe('the signature of a served card', () => {
  let gateway: TestNode
  let signer: CardSigner

  before(async () => {
    gateway = await (await testDomain('north.example')).leaf({ name: 'gw1', role: 'agw' })
    signer = { spiffeId: gateway.spiffeId, chain: gateway.chain, sign: (data) => gateway.signer.sign(data) }
  })

  const serve = (original: object): string =>
    signCard(serveCard(new TextEncoder().encode(JSON.stringify(original)), HANDLE, interfacesOf(OFFERS, 'https://gw1.north.example:7400', HANDLE)), signer)

  /** Everything that clients' implementations disagree on: empty members, numbers, keys whose order is by code unit, escapes. */
  const awkward = {
    name: 'Flüge ✈ "quoted" \u2028',
    description: '',
    version: '',
    supportedInterfaces: [{ url: 'http://10.0.0.1/', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    provider: { organization: 'North', url: 'https://north.example' },
    capabilities: {
      streaming: false,
      pushNotifications: true,
      extensions: [
        { uri: 'urn:x', required: false, params: { b: '', a: [], n: 1e21, m: 0.1, z: null, '\u{1f600}': true, '\ufb33': [{}], deep: { empty: {} } } }
      ]
    },
    defaultInputModes: [],
    defaultOutputModes: ['text/plain', ''],
    skills: [{ id: 's', name: '', description: '', tags: [] }],
    signatures: [{ protected: 'eyJ', signature: 'c2ln' }]
  }

  interface Jws {
    readonly protected: string
    readonly signature: string
  }
  const jwsOf = (card: string): Jws => {
    const { signatures = [] } = JSON.parse(card) as { signatures?: Jws[] }
    assert.equal(signatures.length, 1)
    return signatures[0] ?? { protected: '', signature: '' }
  }

  /** RFC 8785, written down once more: sorted by code units, no space. */
  function canonical(value: unknown): string {
    if (value === null || typeof value !== 'object') return JSON.stringify(value)
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
    const record = value as Record<string, unknown>
    const keys = Object.keys(record).sort()
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`).join(',')}}`
  }

  function verifies(card: string): boolean {
    const { signatures: _, ...whole } = JSON.parse(card) as JsonObject
    const { protected: head, signature } = jwsOf(card)
    const { x5c } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { x5c: string[] }
    const { publicKey } = new X509Certificate(Buffer.from(x5c[0] ?? '', 'base64'))
    return verify(null, Buffer.from(`${head}.${Buffer.from(canonical(whole)).toString('base64url')}`), publicKey, Buffer.from(signature, 'base64url'))
  }

  async function sdkVerifies(card: string): Promise<boolean> {
    const key = createPublicKey({ key: Buffer.from(gateway.signer.publicKey), format: 'der', type: 'spki' })
    const debug = console.debug
    console.debug = () => undefined
    try {
      await verifyAgentCardSignature((kid) => {
        assert.equal(kid, gateway.spiffeId)
        return Promise.resolve(key)
      })(AgentCard.fromJSON(JSON.parse(card)))
      return true
    } catch {
      return false
    } finally {
      console.debug = debug
    }
  }

  it('is verified by the A2A SDK and by hand, whatever the agent wrote', async () => {
    for (const card of [
      serve({ name: 'x' }),
      serve(awkward),
      signCard(gatewayCard('https://gw1.north.example', { domain: 'north.example', spiffeId: 'spiffe://x' }, '1'), signer)
    ]) {
      assert.equal(verifies(card), true, card)
      assert.equal(await sdkVerifies(card), true, card)
    }
  })

  it('names the gateway and brings the chain that proves it', () => {
    const head = JSON.parse(Buffer.from(jwsOf(serve({ name: 'x' })).protected, 'base64url').toString()) as Record<string, unknown>
    assert.deepEqual(head, { alg: 'EdDSA', typ: 'JOSE', kid: gateway.spiffeId, x5c: gateway.chain.map((der) => Buffer.from(der).toString('base64')) })
  })

  it('fails for a card that somebody has changed', async () => {
    const card = serve(awkward)
    const changes: [string | RegExp, string][] = [
      [/gw1\.north\.example:7400/, 'evil.example:7400'],
      ['"pushNotifications":true', '"pushNotifications":false'],
      ['"streaming":false,', ''],
      ['"version":"unknown"', '"version":"2"']
    ]
    for (const [from, to] of changes) {
      const changed = card.replace(from, to)
      assert.notEqual(changed, card, String(from))
      assert.equal(verifies(changed), false, String(from))
      assert.equal(await sdkVerifies(changed), false, String(from))
    }
  })

  it('leaves nothing empty in the card, and the original as it was', () => {
    const card = serve(awkward)
    assert.doesNotMatch(card, /:(""|\[\]|\{\}|null)/)
    const { capabilities } = JSON.parse(card) as { capabilities: { extensions: { uri: string; params: { card: string } }[] } }
    const original = capabilities.extensions.find(({ uri }) => uri === 'urn:hansa:original-card')?.params.card ?? ''
    const hash = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')
    assert.equal(hash(Buffer.from(original, 'base64')), hash(JSON.stringify(awkward)))
  })

  it('is the same for the same card, so that its tag is, too', () => {
    assert.equal(serve(awkward), serve(awkward))
  })
})
