import assert from 'node:assert/strict'
import { create, fromBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { sha256 } from '../../../../src/adapters/system/crypto.ts'
import { hex, unhex } from '../../../../src/core/ids/hex.ts'
import { Revoking } from '../../../../src/roles/aca/revoking.ts'
import { standingOf, statusOf } from '../../../../src/roles/aca/standing.ts'
import { deregistered } from '../../../../src/roles/aca/deregistration.ts'
import { readStatusToken } from '../../../../src/roles/member/status-token.ts'
import { SignedRecordSchema } from '../../../../src/schema/generated/hansa/v1/call_pb.ts'
import { CertificateState, CrlGossipSchema, CrlNoticeSchema, DeregisteredNoticeSchema } from '../../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { parseCrl } from '../../../../src/wire/x509/crl.ts'
import { testBook, type TestBook } from '../../../support/aca-book.ts'
import { testDomain } from '../../../support/pki.ts'

const MINUTE = 60_000
const DAY = 86_400_000

async function setting(options: Parameters<typeof testBook>[0] = {}) {
  const made = await testBook(options)
  return { ...made, revoking: new Revoking(made.book) }
}

/** What the newest list has of a serial: the reason's number. */
function listed({ book }: TestBook, serial: string): number | undefined {
  return book.crl.current().revoked.get(serial)?.reason
}

describe('ACA: revocation (draft 3.1.2)', () => {
  it('on hold leaves the next list when the hold is lifted, with a higher number each time', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight')
    const { crlNumber } = await made.revoking.revoke('flight', 'certificateHold')
    assert.equal(listed(made, issued.serial), 6)
    assert.equal(standingOf(made.book, issued.serial).state, 'held')
    const released = await made.revoking.release('flight@north.example')
    assert.equal(listed(made, issued.serial), undefined)
    assert.equal(standingOf(made.book, issued.serial).state, 'good')
    assert.ok(released.crlNumber > crlNumber)
    assert.deepEqual(
      made.book.audit.read({}).map(({ event, by }) => [event, by]),
      [
        ['revoked', 'operator'],
        ['crl', 'aca'],
        ['released', 'operator'],
        ['crl', 'aca']
      ]
    )
  })

  it('for good is never lifted, never made a hold; and what to do instead is said', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight')
    await assert.rejects(made.revoking.release('flight'), { code: 'INVALID_ARGUMENT', message: /on hold/ })
    await made.revoking.revoke('flight', 'certificateHold')
    await made.revoking.revoke('flight', 'superseded')
    assert.equal(listed(made, issued.serial), 4)
    await assert.rejects(made.revoking.release('flight'), { code: 'INVALID_ARGUMENT', message: new RegExp(`superseded: .* applies anew, and cites`) })
    await assert.rejects(made.revoking.revoke('flight', 'certificateHold'), { code: 'INVALID_ARGUMENT', message: /for good/ })
    await assert.rejects(made.revoking.release('nobody'), { code: 'NOT_FOUND' })
  })

  it('takes the reasons of RFC 5280 that make sense for a holder, and no other', async () => {
    const { issue, revoking } = await setting()
    const reasons = ['', 'unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'privilegeWithdrawn']
    for (const [index, reason] of reasons.entries()) {
      await issue(`a${index}`)
      assert.equal((await revoking.revoke(`a${index}`, reason)).changed[0]?.reason, reason === '' ? 'unspecified' : reason)
    }
    await issue('z')
    for (const reason of ['cACompromise', 'aACompromise', 'removeFromCRL', 'because'])
      await assert.rejects(revoking.revoke('z', reason), { code: 'INVALID_ARGUMENT' })
  })

  it('for a key that was lost blocks it for good and takes all of its certificates, whatever kind of key, also when they were revoked for less', async () => {
    const made = await setting()
    const first = (await made.issue('flight')).issued
    const other = (await made.issue('flight', { keyId: first.keyId, peer: first.peer })).issued
    const tls = (await made.issue('flight', { peer: '', keyId: 'aa', companionOf: first.peer })).issued
    await made.revoking.revoke(other.serial, 'superseded')
    await made.revoking.revoke(first.serial, 'keyCompromise')
    assert.deepEqual([listed(made, first.serial), listed(made, other.serial), listed(made, tls.serial)], [1, 1, 1])
    assert.ok(made.book.ledger.isBlocked(first.keyId) && made.book.ledger.isBlocked(first.peer))
    assert.ok(made.book.ledger.isBlocked('aa'), 'who has the key of a node can have a companion made')
    const alone = (await made.issue('hotel', { peer: '', keyId: 'bb' })).issued
    await made.revoking.revoke(alone.serial, 'keyCompromise')
    assert.ok(made.book.ledger.isBlocked('bb') && !made.book.ledger.isBlocked(''))
  })

  it('by PeerId takes the TLS companions of a node along', async () => {
    const made = await setting()
    const { issued } = await made.issue('gw')
    await made.issue('gw', { peer: '', keyId: 'bb', companionOf: issued.peer })
    assert.equal((await made.revoking.revoke(issued.peer, 'privilegeWithdrawn')).changed.length, 2)
  })

  it('by organisation takes everything in force of it and nothing else', async () => {
    const made = await setting()
    const all = [
      await made.issue('a', { organisation: 'Acme' }),
      await made.issue('b', { organisation: 'Acme' }),
      await made.issue('c', { organisation: 'Acme/2' })
    ]
    const { changed } = await made.revoking.revokeOrganisation('Acme', 'affiliationChanged')
    assert.deepEqual(changed.map(({ name }) => name).sort(), ['a', 'b'])
    assert.equal(listed(made, all[2]?.issued.serial ?? ''), undefined)
    await assert.rejects(made.revoking.revokeOrganisation('Acme', 'affiliationChanged'), { code: 'NOT_FOUND', message: /already/ })
    await assert.rejects(made.revoking.revokeOrganisation('Nobody', ''), { code: 'NOT_FOUND' })
  })

  it('by the holder takes its own certificates, those of a key that it has replaced included, and no other', async () => {
    const made = await setting()
    const old = (await made.issue('flight')).issued
    const now = (await made.issue('flight', { replaces: old.serial })).issued
    const stranger = (await made.issue('hotel')).issued
    const identity = { ...now, domain: 'north.example', own: true }
    const caller = { peer: now.peer, identity }
    await assert.rejects(made.revoking.revokeOwn(stranger.serial, '', caller), { code: 'PERMISSION_DENIED' })
    await assert.rejects(made.revoking.revokeOwn('99', '', caller), { code: 'PERMISSION_DENIED' })
    await assert.rejects(made.revoking.revokeOwn(now.serial, '', { peer: stranger.peer, identity: { ...identity, ...stranger } }), {
      code: 'PERMISSION_DENIED'
    })
    await made.revoking.revokeOwn(old.serial, 'superseded', caller)
    const number = await made.revoking.revokeOwn('', 'cessationOfOperation', caller)
    assert.deepEqual([listed(made, old.serial), listed(made, now.serial)], [4, 5])
    assert.equal(await made.revoking.revokeOwn(now.serial, 'cessationOfOperation', caller), number, 'asked again, it gets the same answer')
  })

  it('by what a holder has replaced reaches no other holder’s certificates', async () => {
    const made = await setting()
    const victim = (await made.issue('hotel')).issued
    const thief = (await made.issue('flight', { replaces: victim.serial })).issued
    const caller = { peer: thief.peer, identity: { ...thief, domain: 'north.example', own: true } }
    await assert.rejects(made.revoking.revokeOwn(victim.serial, '', caller), { code: 'PERMISSION_DENIED' })
  })

  it('at another door is for who has proved the key, or the account that got it', async () => {
    const made = await setting()
    const { issued, node } = await made.issue('flight', { account: 'thumb' })
    const spki = node.signer.publicKey
    assert.equal(hex(sha256(spki)), issued.keyId)
    const other = (await made.issue('hotel')).node.signer.publicKey
    await assert.rejects(made.revoking.revokeProved(issued.serial, '', { spki: other }), { code: 'PERMISSION_DENIED' })
    await assert.rejects(made.revoking.revokeProved(issued.serial, '', { account: 'another' }), { code: 'PERMISSION_DENIED' })
    await assert.rejects(made.revoking.revokeProved('99', '', { spki }), { code: 'NOT_FOUND' })
    await made.revoking.revokeProved(issued.serial, 'certificateHold', { account: 'thumb' })
    await made.revoking.revokeProved(issued.serial, 'keyCompromise', { spki })
    assert.equal(listed(made, issued.serial), 1)
  })

  it('whose commit failed has not happened: no list, no number, no entry', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight')
    await made.revoking.revoke((await made.issue('hotel')).issued.serial, '')
    const before = made.book.crl.current()
    made.store.failNextCommit()
    await assert.rejects(made.revoking.revoke('flight', 'superseded'), { code: 'STORE_FAILED' })
    assert.equal(made.book.crl.current(), before)
    assert.equal(made.lists.length, 1)
    assert.equal(standingOf(made.book, issued.serial).state, 'good')
    const { crlNumber } = await made.revoking.revoke('flight', 'superseded')
    assert.equal(crlNumber, before.number + 1)
    assert.equal(made.book.audit.verify().ok, true)
  })
})

describe('ACA: revocation lists (draft 3.1.2)', () => {
  it('are one for each CA that signs, with numbers of their own', async () => {
    const north = await testDomain('north.example')
    const before = await testDomain('north.example')
    const signers = [...north.issuer.signers, ...before.issuer.signers]
    const made = await setting({ domain: north, issuer: { signers } })
    const [now, old] = signers.map(({ id }) => id)
    const { issued } = await made.issue('flight', { issuer: old })
    assert.deepEqual(made.book.crl.due(), [now, old])
    made.book.crl.write(made.book.crl.due())
    await made.book.ledger.commit()
    made.book.crl.announce()
    await made.revoking.revoke('flight', 'superseded')
    assert.deepEqual([made.book.crl.current(now).number, made.book.crl.current(old).number], [1, 2])
    assert.ok(made.book.crl.current(old).revoked.has(issued.serial) && !made.book.crl.current().revoked.has(issued.serial))
    assert.equal(made.lists.at(-1)?.chain[0], before.issuing)
    assert.throws(() => made.book.crl.current('00'), { code: 'NOT_FOUND' })
  })

  it('of the roots are served as they were brought', async () => {
    const other = await testBook()
    other.book.crl.write(other.book.crl.due())
    await other.book.ledger.commit()
    other.book.crl.announce()
    const rootList = { crl: other.book.crl.current().der, chain: [other.domain.issuing] }
    const made = await setting({ issuer: { rootLists: [rootList] } })
    assert.deepEqual(made.book.crl.current(other.domain.issuer.signers[0]?.id).der, rootList.crl)
    made.book.crl.announceAll()
    assert.equal(made.lists.length, 1)
  })

  it('drop an entry a day after its certificate has ended, when it has been on one beyond', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight', { notAfter: made.clock.now() + MINUTE })
    await made.revoking.revoke('flight', 'superseded')
    await made.clock.advance(DAY)
    made.book.crl.write(made.book.crl.due())
    await made.book.ledger.commit()
    made.book.crl.announce()
    assert.ok(made.book.crl.current().revoked.has(issued.serial))
    await made.clock.advance(DAY)
    made.book.crl.write(made.book.crl.due())
    await made.book.ledger.commit()
    made.book.crl.announce()
    assert.equal(made.book.crl.current().revoked.size, 0)
    assert.equal(standingOf(made.book, issued.serial).state, 'revoked', 'whoever asks is still told')
  })

  it('too large for gossip are told of by a notice that the ACA has signed', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight')
    for (let n = 0; n < 2000; n++)
      made.book.ledger.putCertificate({
        ...issued,
        serial: (0x4000_0000 + n).toString(16).repeat(4),
        name: `n${n}`,
        revokedAt: made.clock.now(),
        reason: 'superseded'
      })
    await made.revoking.revoke('flight', 'superseded')
    const { news } = fromBinary(CrlGossipSchema, made.gossip.at(-1) ?? new Uint8Array())
    assert.equal(news.case, 'notice')
    const { message, signer } = made.book.deps.records.open(CrlNoticeSchema, fromBinary(SignedRecordSchema, news.value as Uint8Array))
    assert.ok(signer.roles.includes('aca'))
    const crl = made.book.crl.current()
    assert.deepEqual([message.domain, Number(message.number), hex(message.issuer)], ['north.example', crl.number, made.domain.issuer.signers[0]?.id])
    assert.deepEqual(parseCrl(made.lists.at(-1)?.crl ?? new Uint8Array()).revoked.size, 2001)
  })
})

describe('ACA: status (draft 3.1.2)', () => {
  async function asked(made: TestBook, serial: string) {
    const { token = new Uint8Array(), state } = statusOf(made.book, serial)
    return { state, token, read: () => readStatusToken(token, made.book.deps.records, made.clock.now()) }
  }

  it('comes with a token that says the same for ten minutes', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight')
    const { read } = await asked(made, issued.serial)
    const { domain, serial, issuer, state } = read()
    assert.deepEqual([domain, serial, issuer, state], ['north.example', issued.serial, issued.issuer, CertificateState.GOOD])
    await made.clock.advance(10 * MINUTE)
    read()
    await made.clock.advance(1)
    assert.throws(read, { code: 'RECORD_STALE' })
  })

  it('of a certificate that ends sooner is good until then', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight', { notAfter: made.clock.now() + MINUTE })
    const { read } = await asked(made, issued.serial)
    assert.equal(Number(read().nextUpdate), issued.notAfter)
    await made.clock.advance(2 * MINUTE)
    assert.equal((await asked(made, issued.serial)).read().state, CertificateState.EXPIRED)
  })

  it('of what was never issued is unknown, and of what is no serial nothing is signed', async () => {
    const made = await setting()
    assert.equal((await asked(made, '1234')).read().state, CertificateState.UNKNOWN)
    for (const wrong of ['', '00', 'ABC', 'x'.repeat(100)]) {
      const { state, token } = await asked(made, wrong)
      assert.deepEqual([state, token.length], [CertificateState.UNKNOWN, 0])
    }
    assert.throws(() => readStatusToken(new Uint8Array(), made.book.deps.records, made.clock.now()))
    assert.throws(() => readStatusToken(new Uint8Array(40_000), made.book.deps.records, made.clock.now()), { code: 'MALFORMED' })
  })

  it('of a node that is no ACA, or of another domain, is believed by nobody', async () => {
    const made = await setting()
    const { issued } = await made.issue('flight')
    const { token, read } = await asked(made, issued.serial)
    const records = made.book.deps.records
    const as = (change: object) => ({
      open: (schema: never, record: never) => {
        const opened = records.open(schema, record)
        return { ...opened, signer: { ...opened.signer, ...change } }
      }
    })
    assert.throws(() => readStatusToken(token, as({ roles: ['agw', 'ars', 'agent'] }) as never, made.clock.now()), { code: 'PERMISSION_DENIED' })
    assert.throws(() => readStatusToken(token, as({ domain: 'south.example' }) as never, made.clock.now()), { code: 'PERMISSION_DENIED' })
    const forged = token.slice()
    forged[40] = (forged[40] ?? 0) ^ 1
    assert.throws(() => readStatusToken(forged, records, made.clock.now()))
    assert.ok(read())
  })
})

describe('ACA: the end of a registration (draft 2.2)', () => {
  const notice = (more: MessageInitShape<typeof DeregisteredNoticeSchema>) => create(DeregisteredNoticeSchema, more)

  it('revokes as cessationOfOperation where the policy says so, and not otherwise', async () => {
    for (const onDeregistration of ['keep', 'revoke'] as const) {
      const made = await setting({ config: { onDeregistration } })
      const { issued } = await made.issue('flight')
      const about = notice({ agent: issued.spiffeId, peer: issued.peer, at: BigInt(made.clock.now()) })
      await deregistered(made.book, made.revoking, about, undefined)
      assert.equal(standingOf(made.book, issued.serial).reason, onDeregistration === 'keep' ? undefined : 'cessationOfOperation')
      await deregistered(made.book, made.revoking, about, undefined)
      assert.equal(made.book.audit.head().entries, onDeregistration === 'keep' ? 0 : 2, 'said again, it changes nothing')
    }
  })

  it('is of no account for another key, another domain, or what was applied for since', async () => {
    const made = await setting({ config: { onDeregistration: 'revoke' } })
    const { issued } = await made.issue('flight')
    const other = (await made.issue('hotel')).issued
    await deregistered(made.book, made.revoking, notice({ agent: issued.spiffeId, peer: other.peer, at: BigInt(made.clock.now()) }), undefined)
    await deregistered(made.book, made.revoking, notice({ agent: issued.spiffeId, peer: issued.peer, at: BigInt(issued.notBefore - 1) }), undefined)
    await assert.rejects(deregistered(made.book, made.revoking, notice({ agent: 'spiffe://south.example/agent/x', peer: issued.peer }), undefined), {
      code: 'PERMISSION_DENIED'
    })
    await assert.rejects(deregistered(made.book, made.revoking, notice({ agent: 'x' }), undefined), { code: 'INVALID_ARGUMENT' })
    assert.equal(standingOf(made.book, issued.serial).state, 'good')
  })
})

describe('the ledger of the ACA', () => {
  it('finds what has ended without reading the rest, and forgets all of it', async () => {
    const made = await setting()
    const { issued: early } = await made.issue('early', { notAfter: made.clock.now() + MINUTE, organisation: 'Acme' })
    await made.issue('late')
    await made.revoking.revoke('early', 'superseded')
    const { ledger } = made.book
    assert.deepEqual(ledger.endedBefore(made.clock.now(), 10), [])
    const [ended] = ledger.endedBefore(made.clock.now() + 2 * MINUTE, 10)
    assert.equal(ended?.serial, early.serial)
    ledger.deleteCertificate(early)
    assert.deepEqual([ledger.byName('early'), ledger.byPeer(early.peer), ledger.byKey(early.keyId), ledger.byOrganisation('Acme')], [[], [], [], []])
    assert.deepEqual([...ledger.revoked(early.issuer)], [])
    assert.ok(unhex(early.keyId))
  })
})
