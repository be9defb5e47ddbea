import assert from 'node:assert/strict'
import { endsWithRegistration, release, revoke } from '../../../../src/core/pki/ending.ts'
import { type Issued, stateOf } from '../../../../src/core/pki/issued.ts'

const NOW = 1_000_000
const certificate: Issued = {
  ...{ name: 'a', roles: ['agent'], scopes: [], dnsNames: [], serial: '1', spiffeId: 'spiffe://north.example/agent/a', peer: 'p', keyId: 'k', issuer: 'i' },
  ...{ notBefore: 0, notAfter: 2 * NOW }
}
const held: Issued = { ...certificate, revokedAt: 500, reason: 'certificateHold' }
const revoked: Issued = { ...certificate, revokedAt: 500, reason: 'superseded' }
const expired: Issued = { ...certificate, notAfter: 10 }

function after(issued: Issued, reason: string): string {
  const ending = revoke(issued, reason, NOW)
  return ending.kind === 'changed' ? `${stateOf(ending.issued, NOW)} ${ending.issued.reason} ${ending.issued.revokedAt}` : ending.kind
}

describe('the end of a certificate (draft 3.1.2, RFC 5280 5.3.1)', () => {
  it('is a hold or for good; a hold may become one for good, since when it was held', () => {
    assert.equal(after(certificate, 'certificateHold'), `held certificateHold ${NOW}`)
    assert.equal(after(certificate, 'superseded'), `revoked superseded ${NOW}`)
    assert.equal(after(held, 'superseded'), 'revoked superseded 500')
    assert.equal(after(held, 'certificateHold'), 'ended')
  })

  it('for good stays so: no hold, no other reason, but a key that was lost', () => {
    assert.equal(after(revoked, 'certificateHold'), 'final')
    assert.equal(after(revoked, 'privilegeWithdrawn'), 'ended')
    assert.equal(after(revoked, 'keyCompromise'), 'revoked keyCompromise 500')
    assert.equal(after({ ...revoked, reason: 'keyCompromise' }, 'keyCompromise'), 'ended')
  })

  it('that came by itself stays so, unless the key was lost', () => {
    assert.equal(after(expired, 'superseded'), 'ended')
    assert.equal(after(expired, 'keyCompromise'), `revoked keyCompromise ${NOW}`)
  })

  it('is lifted for a hold only, and leaves no trace of it but when', () => {
    assert.deepEqual(release(held, NOW), { ...certificate, releasedAt: NOW })
    assert.equal(release(revoked, NOW), undefined)
    assert.equal(release(certificate, NOW), undefined)
  })
})

describe('the end of a registration (draft 2.2)', () => {
  const ends = (issued: Issued, notice: { at?: number; barred?: boolean } = {}, origin = issued) =>
    endsWithRegistration(issued, origin, { at: 100, barred: false, ...notice })

  it('ends an agent’s certificate that was there before it, and renewals of that', () => {
    assert.equal(ends(certificate), true)
    assert.equal(ends({ ...certificate, notBefore: 200 }), false)
    assert.equal(ends({ ...certificate, notBefore: 200 }, {}, certificate), true)
  })

  it('ends whatever the key has when the operator ended it for good', () => {
    assert.equal(ends({ ...certificate, notBefore: 200 }, { barred: true }), true)
  })

  it('ends no certificate of a server, none that is on hold, and none that the operator has released since', () => {
    assert.equal(ends({ ...certificate, roles: ['agw', 'agent'] }), false)
    assert.equal(ends(held), false)
    assert.equal(ends({ ...certificate, releasedAt: 150 }), false)
    assert.equal(ends({ ...certificate, releasedAt: 50 }), true)
  })
})
