import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { reviewRegistration } from '../../../../src/core/directory/registration.ts'
import { AgentDescriptionSchema } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'

const NOW = Date.UTC(2026, 0, 1)

function review(capabilities: readonly string[], scopes?: readonly string[]): unknown {
  const spiffeId = 'spiffe://north.example/agent/flight'
  const card = new TextEncoder().encode(JSON.stringify({ name: 'flight', capabilities: {}, skills: [] }))
  const description = create(AgentDescriptionSchema, {
    ...{ spiffeId, peerId: 'p', name: 'flight', description: 'books', capabilities: [...capabilities], languages: ['en'], protocols: ['a2a-jsonrpc'], card },
    revision: BigInt(NOW)
  })
  const signer = { domain: 'north.example', namespace: 'agent', name: 'flight', peer: 'p', spiffeId, roles: ['agent'] as const }
  return reviewRegistration({ description, signer: { ...signer, ...(scopes === undefined ? {} : { scopes }) }, domain: 'north.example', now: NOW })
}

describe('core/directory: the scopes of the certificate are the ceiling of what an agent registers (draft 3.1.1, 3.2.1)', () => {
  it('allows a scope, what is below it, and everything when there are none', () => {
    assert.ok(review(['travel', 'travel/flight', 'music/jazz'], ['travel', 'music/jazz']))
    assert.ok(review(['travel'], []))
    assert.ok(review(['travel']))
  })

  it('refuses what is above, beside or only begins alike, and names it', () => {
    for (const beyond of ['travel', 'travel/hotel', 'travel/flights'])
      assert.throws(() => review(['travel/flight', beyond], ['travel/flight']), { code: 'SCOPE_EXCEEDED', metadata: { capability: beyond } })
  })
})
