import assert from 'node:assert/strict'
import { createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { createIdentities } from '../../../../src/roles/member/identities.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { issuingList, rootList } from '../../../support/lists.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { testDomain } from '../../../support/pki.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

async function setting(stale = { refuse: true, graceMs: DAY }) {
  const clock = new FakeClock()
  const north = await testDomain('north.example', clock.now())
  const south = await testDomain('south.example', clock.now())
  const self = await north.leaf({ name: 'gw1', role: 'agw' })
  const friend = await north.leaf({ name: 'flight' })
  const other = await north.leaf({ name: 'hotel' })
  const foreigner = await south.leaf({ name: 'museum' })
  const store = new MemoryStore()
  const lines: string[] = []
  const say = (_: unknown, message?: string) => void lines.push(message ?? '')
  const log = { error: say, warn: say, info: say }
  const deps = {
    domain: 'north.example',
    signer: self.signer,
    clock,
    verify: createVerify(),
    sha256,
    store,
    chain: self.chain,
    roots: [north.root],
    stale,
    log
  }
  return { clock, north, south, self, friend, other, foreigner, store, deps, lines, identities: createIdentities(deps) }
}

describe('revocation lists of a domain', () => {
  it('come from its root, too: a revoked issuing CA takes all that it issued along', async () => {
    const { identities, north, friend, clock } = await setting()
    const identity = identities.verify(friend.peer, friend.chain)
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now() }))
    assert.equal(identities.acceptCrl(rootList(north, { number: 1, now: clock.now(), serials: [parseCertificate(north.issuing).serial] })), true)
    assert.throws(() => identities.check(identity), { code: 'CERTIFICATE_REVOKED' })
    assert.equal(identities.crls('north.example').length, 2)
    assert.equal(identities.crl('north.example')?.root, false, 'the list of the domain is that of its issuing CA')
  })

  it('are no longer taken from an issuing CA that its root has revoked', async () => {
    const { identities, north, friend, clock } = await setting()
    identities.acceptCrl(rootList(north, { number: 1, now: clock.now(), serials: [parseCertificate(north.issuing).serial] }))
    assert.throws(() => identities.acceptCrl(issuingList(north, { number: 9, now: clock.now() })), { code: 'CERTIFICATE_REVOKED' })
    assert.throws(() => identities.verify(friend.peer, friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('survive a restart, each of them', async () => {
    const { identities, deps, north, clock } = await setting()
    identities.acceptCrl(rootList(north, { number: 3, now: clock.now() }))
    identities.acceptCrl(issuingList(north, { number: 5, now: clock.now() }))
    const again = createIdentities(deps)
    assert.deepEqual(
      again.crls('north.example').map(({ root, number }) => [root, number]),
      [
        [false, 5],
        [true, 3]
      ]
    )
  })

  it('make a holder acceptable again when a newer one has no entry for it', async () => {
    const { identities, north, friend, other, clock } = await setting()
    const identity = identities.verify(friend.peer, friend.chain)
    let changes = 0
    identities.onChange(() => changes++)
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now(), revoked: [friend, other] }))
    assert.throws(() => identities.check(identity), { code: 'CERTIFICATE_REVOKED' })
    identities.acceptCrl(issuingList(north, { number: 2, now: clock.now(), revoked: [other] }))
    identities.check(identity)
    assert.equal(identities.verify(friend.peer, friend.chain).name, 'flight')
    assert.throws(() => identities.verify(other.peer, other.chain), { code: 'CERTIFICATE_REVOKED' })
    assert.equal(changes, 2)
  })
})

describe('a revocation list that has not been replaced in time', () => {
  it('still does for the grace, and afterwards its CA is believed no longer where policy says so', async () => {
    const { identities, north, friend, clock, lines } = await setting()
    const identity = identities.verify(friend.peer, friend.chain)
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now(), lifetimeMs: HOUR }))
    assert.equal(identities.lists()[0]?.state, 'current')
    await clock.advance(2 * HOUR)
    identities.check(identity)
    identities.age()
    identities.age()
    assert.equal(identities.lists()[0]?.state, 'overdue')
    assert.equal(lines.length, 1, 'said once')
    let changes = 0
    identities.onChange(() => changes++)
    await clock.advance(DAY)
    assert.throws(() => identities.check(identity), { code: 'CRL_STALE' })
    assert.throws(() => identities.verify(friend.peer, friend.chain), { code: 'CRL_STALE', metadata: { domain: 'north.example', spiffeId: friend.spiffeId } })
    identities.age()
    assert.equal(changes, 1, 'whoever keeps something open is told')
    assert.equal(identities.lists()[0]?.state, 'stale')
    assert.equal(identities.acceptCrl(issuingList(north, { number: 2, now: clock.now() })), true)
    identities.check(identity)
    identities.age()
    assert.equal(identities.lists()[0]?.state, 'current')
  })

  it('changes nothing for an agent, which only says so', async () => {
    const { identities, north, friend, clock } = await setting({ refuse: false, graceMs: DAY })
    const identity = identities.verify(friend.peer, friend.chain)
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now() }))
    await clock.advance(3 * DAY)
    identities.check(identity)
    assert.equal(identities.lists()[0]?.state, 'stale')
  })

  it('still revokes whom it names', async () => {
    const { identities, north, friend, clock } = await setting({ refuse: false, graceMs: DAY })
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now(), revoked: [friend] }))
    await clock.advance(3 * DAY)
    assert.throws(() => identities.verify(friend.peer, friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('does not keep a node from starting: of itself it knows without a list', async () => {
    const { identities, deps, north, self, clock } = await setting()
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now() }))
    await clock.advance(3 * DAY)
    const again = createIdentities(deps)
    assert.equal(again.self()?.spiffeId, self.spiffeId)
    const own = again.self()
    if (own !== undefined) again.check(own)
  })
})

describe('a CA of which no list has come', () => {
  it('is believed for one grace from the first certificate that was seen, restarts or not', async () => {
    const { identities, deps, friend, other, clock } = await setting()
    identities.verify(friend.peer, friend.chain)
    assert.equal(identities.lists()[0]?.state, 'none')
    await clock.advance(DAY - HOUR)
    const again = createIdentities(deps)
    again.verify(other.peer, other.chain)
    await clock.advance(2 * HOUR)
    assert.throws(() => again.verify(friend.peer, friend.chain), { code: 'CRL_STALE' })
    assert.equal(again.lists()[0]?.state, 'stale')
  })

  it('is believed again from its first list on; of another domain the same', async () => {
    const { identities, south, foreigner, clock } = await setting()
    await identities.list('south.example', [south.root])
    const identity = identities.verify(foreigner.peer, foreigner.chain)
    await clock.advance(DAY + HOUR)
    assert.throws(() => identities.check(identity), { code: 'CRL_STALE' })
    identities.acceptCrl(issuingList(south, { number: 1, now: clock.now() }))
    identities.check(identity)
    await clock.advance(HOUR)
    identities.check(identity)
  })

  it('gets no longer a grace from a clock that was ahead when it was met', async () => {
    const { identities, deps, friend, clock } = await setting()
    await clock.advance(3 * DAY)
    identities.verify(friend.peer, friend.chain)
    const behind = new FakeClock()
    const again = createIdentities({ ...deps, clock: behind })
    const identity = again.verify(friend.peer, friend.chain)
    await behind.advance(DAY + HOUR)
    assert.throws(() => again.check(identity), { code: 'CRL_STALE' })
  })
})

describe('the check before each call', () => {
  it('asks neither a signature nor a list again while nothing has changed', async () => {
    const { deps, north, friend, clock } = await setting()
    let hashes = 0
    const identities = createIdentities({ ...deps, sha256: (data) => (++hashes > 0 ? sha256(data) : data) })
    identities.acceptCrl(issuingList(north, { number: 1, now: clock.now(), lifetimeMs: 10 * DAY }))
    const identity = identities.verify(friend.peer, friend.chain)
    const before = hashes
    for (let round = 0; round < 1000; round++) identities.check(identity)
    assert.equal(hashes, before)
  })
})
