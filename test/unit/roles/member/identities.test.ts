import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { createSigner, createVerify, sha256 } from '../../../../src/adapters/system/crypto.ts'
import { serialNumber } from '../../../../src/adapters/x509/authority.ts'
import { signingCa, signIssuing } from '../../../../src/adapters/x509/certificates.ts'
import { createIdentities } from '../../../../src/roles/member/identities.ts'
import { createRecords } from '../../../../src/roles/member/records.ts'
import { CrlResponseSchema, NodeInfoSchema, PingRequestSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../../../src/wire/x509/certificate.ts'
import { writeCrl } from '../../../../src/wire/x509/crl.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { key } from '../../../support/mint.ts'
import { type TestDomain, testDomain, type TestNode } from '../../../support/pki.ts'

const HOUR = 3_600_000

async function setting() {
  const clock = new FakeClock()
  const north = await testDomain('north.example', clock.now())
  const south = await testDomain('south.example', clock.now())
  const self = await north.leaf({ name: 'gw1', role: 'agw' })
  const friend = await north.leaf({ name: 'flight' })
  const foreigner = await south.leaf({ name: 'hotel' })
  const store = new MemoryStore()
  const verify = createVerify()
  const deps = { domain: 'north.example', signer: self.signer, clock, verify, sha256, store, chain: self.chain, roots: [north.root] }
  return { clock, north, south, self, friend, foreigner, store, verify, deps, identities: createIdentities(deps) }
}

function crlOf(domain: TestDomain, now: number, number: number, revoked: readonly TestNode[], sign = domain.sign) {
  const issuer = parseCertificate(domain.issuing)
  const crl = writeCrl(
    {
      issuer: issuer.subject,
      issuerKeyIdentifier: issuer.subjectKeyIdentifier ?? '',
      number,
      thisUpdate: now,
      nextUpdate: now + HOUR,
      revoked: revoked.map((node) => ({ serial: parseCertificate(node.chain[0] ?? new Uint8Array()).serial, at: now, reason: 'keyCompromise' as const }))
    },
    sign
  )
  return create(CrlResponseSchema, { domain: domain.domain, crl, chain: [...domain.issuer.chain] })
}

describe('identities', () => {
  it('know who we are and who a peer of our domain is', async () => {
    const { identities, self, friend } = await setting()
    assert.equal(identities.self()?.spiffeId, self.spiffeId)
    const identity = identities.verify(friend.peer, friend.chain)
    assert.deepEqual([identity.name, identity.own, [...identity.roles]], ['flight', true, ['agent']])
    identities.check(identity)
  })

  it('refuse a chain that is shown by another peer', async () => {
    const { identities, friend, self } = await setting()
    assert.throws(() => identities.verify(self.peer, friend.chain), { code: 'CERTIFICATE_INVALID' })
  })

  it('refuse a domain that is not listed, take it once it is, and refuse it again when it is taken off', async () => {
    const { identities, foreigner, south } = await setting()
    let changes = 0
    identities.onChange(() => changes++)
    assert.throws(() => identities.verify(foreigner.peer, foreigner.chain), { code: 'UNKNOWN_DOMAIN' })
    assert.equal(await identities.list('south.example', [south.root]), true)
    const identity = identities.verify(foreigner.peer, foreigner.chain)
    assert.equal(identity.own, false)
    assert.deepEqual(identities.domains(), ['north.example', 'south.example'])
    await identities.unlist('south.example')
    assert.throws(() => identities.check(identity), { code: 'UNKNOWN_DOMAIN' })
    assert.throws(() => identities.verify(foreigner.peer, foreigner.chain), { code: 'UNKNOWN_DOMAIN' })
    assert.equal(changes, 2)
  })

  it('list what the config lists, and no longer what has gone from it; what was listed at run time stays', async () => {
    const { identities, deps, south, store } = await setting()
    const west = await testDomain('west.example', deps.clock.now())
    await identities.configure(new Map([['south.example', [south.root]]]))
    await identities.list('west.example', [west.root])
    await assert.rejects(identities.unlist('south.example'), { code: 'INVALID_ARGUMENT' })
    await store.commit()

    const again = createIdentities(deps)
    await again.configure(new Map([['south.example', [south.root]]]))
    assert.deepEqual(again.domains(), ['north.example', 'south.example', 'west.example'])

    const edited = createIdentities(deps)
    await edited.configure(new Map())
    assert.deepEqual(edited.domains(), ['north.example', 'west.example'])
    assert.deepEqual(createIdentities(deps).domains(), ['north.example', 'west.example'])
  })

  it('do not let the root of one domain speak for another', async () => {
    const { identities, south } = await setting()
    await identities.list('east.example', [south.root])
    const liar = await south.leaf({ name: 'x' })
    assert.throws(() => identities.verify(liar.peer, liar.chain), { code: 'UNKNOWN_DOMAIN' })
    await assert.rejects(identities.list('west.example', [south.root]), { code: 'INVALID_ARGUMENT' })
  })

  it('never let a lower sequence replace a higher one', async () => {
    const { identities, south } = await setting()
    const later = await testDomain('south.example')
    assert.equal(await identities.list('south.example', [later.root], 5n), true)
    assert.equal(await identities.list('south.example', [south.root], 4n), false)
    assert.deepEqual(identities.roots('south.example'), [later.root])
    assert.equal(await identities.list('south.example', [south.root]), true, 'the operator is always right')
    assert.ok((identities.bundles()[1]?.sequence ?? 0n) > 5n)
  })

  it('list nothing that is no root, and never the own domain', async () => {
    const { identities, south, north } = await setting()
    await assert.rejects(identities.list('south.example', [south.issuing]), { code: 'CERTIFICATE_INVALID' })
    await assert.rejects(identities.list('south.example', [new Uint8Array(5)]), { code: 'CERTIFICATE_INVALID' })
    await assert.rejects(identities.list('south.example', []), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(identities.list('north.example', [south.root]), { code: 'INVALID_ARGUMENT' })
    assert.deepEqual(identities.roots('north.example'), [north.root])
  })

  it('see a certificate expire while it is in use', async () => {
    const { identities, north, clock } = await setting()
    const short = await north.leaf({ name: 'short', notAfter: clock.now() + 1000 })
    const identity = identities.verify(short.peer, short.chain)
    await clock.advance(2000)
    assert.throws(() => identities.check(identity), { code: 'CERTIFICATE_EXPIRED' })
    assert.throws(() => identities.verify(short.peer, short.chain), { code: 'CERTIFICATE_EXPIRED' })
  })

  it('refuse whom a revocation list names, from the moment it arrives', async () => {
    const { identities, north, friend, clock } = await setting()
    let changes = 0
    const identity = identities.verify(friend.peer, friend.chain)
    identities.onChange(() => changes++)
    assert.equal(identities.acceptCrl(crlOf(north, clock.now(), 1, [friend])), true)
    assert.equal(changes, 1)
    assert.throws(() => identities.check(identity), { code: 'CERTIFICATE_REVOKED' })
    assert.throws(() => identities.verify(friend.peer, friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('take no list of another signer, of a stranger, or with an older number', async () => {
    const { identities, north, south, friend, clock } = await setting()
    identities.acceptCrl(crlOf(north, clock.now(), 3, [friend]))
    assert.equal(identities.acceptCrl(crlOf(north, clock.now(), 2, [])), false)
    assert.equal(identities.crl('north.example')?.number, 3)
    assert.throws(() => identities.acceptCrl(crlOf(north, clock.now(), 9, [], (tbs) => key(1).sign(tbs))), { code: 'CERTIFICATE_INVALID' })
    assert.throws(() => identities.acceptCrl(crlOf(south, clock.now(), 9, [])), { code: 'UNKNOWN_DOMAIN' })
    const mixed = crlOf(south, clock.now(), 9, [])
    assert.throws(() => identities.acceptCrl(create(CrlResponseSchema, { ...mixed, chain: [...north.issuer.chain], domain: 'north.example' })), {
      code: 'CERTIFICATE_INVALID'
    })
    assert.throws(() => identities.verifySigner(friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('remember listed domains and revocation lists over a restart', async () => {
    const { identities, deps, north, south, friend, foreigner, clock } = await setting()
    await identities.list('south.example', [south.root])
    identities.acceptCrl(crlOf(north, clock.now(), 3, [friend]))
    const again = createIdentities(deps)
    assert.equal(again.verify(foreigner.peer, foreigner.chain).domain, 'south.example')
    assert.throws(() => again.verify(friend.peer, friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('keep a revocation that they have heard of through a crash', async () => {
    const { identities, deps, store, north, friend, clock } = await setting()
    identities.acceptCrl(crlOf(north, clock.now(), 3, [friend]))
    await clock.settle()
    // Whatever was not committed by now is gone.
    store.failNextCommit()
    await assert.rejects(store.commit())
    assert.throws(() => createIdentities(deps).verify(friend.peer, friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('tell everybody of a revocation, also when one of them fails', async () => {
    const { deps, north, friend, clock } = await setting()
    const errors: string[] = []
    const identities = createIdentities({ ...deps, log: { error: (_, message) => void errors.push(message) } })
    let told = false
    identities.onChange(() => assert.fail('a listener that fails'))
    identities.onChange(() => (told = true))
    assert.equal(identities.acceptCrl(crlOf(north, clock.now(), 3, [friend])), true)
    assert.equal(told, true)
    assert.equal(errors.length, 1)
  })

  it('do not let another listed domain take the revocations of ours with it, by a certificate of its own for our CA key', async () => {
    const { identities, north, south, friend, clock } = await setting()
    await identities.list('south.example', [south.root])
    const ours = createPublicKey(createPrivateKey(north.files.issuingKey)).export({ type: 'spki', format: 'der' })
    const theirCopy = signIssuing(
      { serial: serialNumber(), name: 'north.example issuing', domain: 'north.example', notBefore: clock.now() - HOUR, notAfter: clock.now() + HOUR },
      ours,
      signingCa(south.root, createPrivateKey(south.files.rootKey))
    )
    const list = crlOf(north, clock.now(), 7, [friend])
    const wrapped = create(CrlResponseSchema, { domain: 'south.example', crl: list.crl, chain: [theirCopy, south.root] })
    try {
      identities.acceptCrl(wrapped)
    } catch {
      // Not believed at all: as good.
    }
    identities.acceptCrl(list)
    assert.equal(identities.crl('north.example')?.number, 7)
    await identities.unlist('south.example')
    assert.throws(() => identities.verify(friend.peer, friend.chain), { code: 'CERTIFICATE_REVOKED' })
  })

  it('spend no signature check on a list that is older than the one held', async () => {
    const { deps, north, friend, clock } = await setting()
    let checks = 0
    const verify = createVerify()
    const identities = createIdentities({ ...deps, verify: (...args) => ++checks > 0 && verify(...args) })
    identities.acceptCrl(crlOf(north, clock.now(), 3, [friend]))
    const before = checks
    assert.equal(identities.acceptCrl(crlOf(north, clock.now(), 2, [])), false)
    assert.equal(checks, before)
  })

  it('take an own chain for the own key and domain only', async () => {
    const { identities, friend, foreigner, self, north } = await setting()
    assert.throws(() => identities.setChain(friend.chain), { code: 'CERTIFICATE_INVALID' })
    assert.throws(() => identities.setChain(foreigner.chain), { code: 'UNKNOWN_DOMAIN' })
    const renewed = await north.leaf({ name: 'gw1', role: 'agw', seed: self.seed })
    identities.setChain(renewed.chain)
    assert.deepEqual(identities.chain(), renewed.chain)
  })

  it('check a known chain without a signature, and a strange root without one too', async () => {
    const { deps, friend, foreigner } = await setting()
    let checks = 0
    const verify = createVerify()
    const identities = createIdentities({ ...deps, verify: (...args) => ++checks > 0 && verify(...args) })
    identities.verify(friend.peer, friend.chain)
    const before = checks
    identities.check(identities.verify(friend.peer, friend.chain))
    assert.throws(() => identities.verify(foreigner.peer, foreigner.chain))
    assert.equal(checks, before)
  })
})

describe('signed records', () => {
  it('are believed when their signer is, and say who it is', async () => {
    const { identities, friend, north, deps } = await setting()
    const theirs = createIdentities({ ...deps, signer: friend.signer, chain: friend.chain, roots: [north.root], store: new MemoryStore() })
    const record = createRecords({ identities: theirs, signer: friend.signer, verify: deps.verify }).seal(PingRequestSchema, { payload: new Uint8Array([1]) })
    const records = createRecords({ identities, signer: deps.signer, verify: deps.verify })
    const { message, signer } = records.open(PingRequestSchema, record)
    assert.deepEqual([[...message.payload], signer.name], [[1], 'flight'])
    assert.throws(() => records.open(PingRequestSchema, { ...record, payload: new Uint8Array([2]) }), { code: 'SIGNATURE_INVALID' })
    assert.throws(() => records.open(NodeInfoSchema, record), { code: 'MALFORMED' })
  })

  it('of unlisted domains are only found consistent, with their root', async () => {
    const { identities, foreigner, south, deps } = await setting()
    const theirs = createIdentities({
      ...deps,
      domain: 'south.example',
      signer: foreigner.signer,
      chain: foreigner.chain,
      roots: [south.root],
      store: new MemoryStore()
    })
    const record = createRecords({ identities: theirs, signer: foreigner.signer, verify: deps.verify }).seal(PingRequestSchema, {})
    const records = createRecords({ identities, signer: deps.signer, verify: deps.verify })
    assert.throws(() => records.open(PingRequestSchema, record), { code: 'UNKNOWN_DOMAIN' })
    const { root, signer } = records.consistent(PingRequestSchema, record)
    assert.deepEqual([signer.domain, root], ['south.example', sha256(south.root)])
    assert.throws(() => records.consistent(PingRequestSchema, { ...record, chain: record.chain.slice(0, 2) }), { code: 'CERTIFICATE_INVALID' })
  })

  it('cannot be made before enrolment', async () => {
    const { deps } = await setting()
    const signer = createSigner(new Uint8Array(32).fill(9))
    const identities = createIdentities({ ...deps, signer, chain: [], store: new MemoryStore() })
    assert.throws(() => createRecords({ identities, signer, verify: deps.verify }).seal(PingRequestSchema, {}), { code: 'UNAUTHENTICATED' })
  })
})
