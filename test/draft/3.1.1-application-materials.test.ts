import assert from 'node:assert/strict'
import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, FlattenedSign, generateKeyPair, SignJWT } from 'jose'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import { approvalBytes } from '../../src/core/pki/approval.ts'
import type { HansaNode } from '../../src/node/hansa-node.ts'
import { createTestnet, type Testnet } from '../../src/node/testnet.ts'
import { ApplicationState, type ApplyResponse, VerdictState } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import { makeCsr } from '../../src/wire/x509/csr.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { rekeyBytes } from '../../src/wire/x509/rekey.ts'
import { methods } from '../../src/wire/methods.ts'
import { applicant, type StrangeApplicant } from '../support/applicant.ts'

const ISSUER = 'https://id.example'
const ORGANISATION = 'Acme'

describe('draft 3.1.1 Certificate Application: key supporting materials', function () {
  this.timeout(60_000)
  let net: Testnet
  let hub: HansaNode
  let dir: string
  let provider: Awaited<ReturnType<typeof generateKeyPair>>
  let chamber: Awaited<ReturnType<typeof generateKeyPair>>
  const approvers = { ann: createSigner(new Uint8Array(randomBytes(32))), bob: createSigner(new Uint8Array(randomBytes(32))) }
  const strangers: StrangeApplicant[] = []

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-materials-'))
    const file = async (name: string, text: string): Promise<string> => {
      await writeFile(join(dir, name), text)
      return join(dir, name)
    }
    ;[provider, chamber] = [await generateKeyPair('ES256'), await generateKeyPair('EdDSA')]
    const jwks = async ({ publicKey }: typeof provider) => JSON.stringify({ keys: [await exportJWK(publicKey)] })
    const pem = (publicKey: Uint8Array) =>
      createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
        .export({ format: 'pem', type: 'spki' })
        .toString()
    const env = {
      HANSA_CA_POLICY_REQUIRE: 'oidc,document',
      HANSA_CA_POLICY_OIDC: JSON.stringify({
        [ISSUER]: { jwks: await file('provider.json', await jwks(provider)), audience: 'hansa', accounts: ['acme.example'] }
      }),
      HANSA_CA_POLICY_AUTHORITIES: JSON.stringify({ chamber: await file('chamber.json', await jwks(chamber)) }),
      HANSA_CA_POLICY_ORGANISATIONS: JSON.stringify({ [ORGANISATION]: { roles: ['agent'], scopes: ['travel'], names: ['acme-*'] } }),
      HANSA_CA_POLICY_APPROVERS: JSON.stringify({
        ann: await file('ann.pem', pem(approvers.ann.publicKey)),
        bob: await file('bob.pem', pem(approvers.bob.publicKey))
      })
    }
    net = await createTestnet()
    hub = (await net.domain('north.example', [{ name: 'hub', roles: ['aca'], env }])).founder
  })
  after(async () => {
    await Promise.all(strangers.map((each) => each.stop()))
    await net.stop()
    await rm(dir, { recursive: true, force: true })
  })

  async function stranger(): Promise<StrangeApplicant> {
    const made = await applicant(hub)
    strangers.push(made)
    return made
  }

  const aca = () => {
    assert.ok(hub.aca)
    return hub.aca
  }

  /** An ID token of the provider for this request. */
  function token(csr: Uint8Array, claims: object = {}, key = provider.privateKey): Promise<string> {
    const nonce = createHash('sha256').update(csr).digest('base64url')
    return new SignJWT({ nonce, email: 'ann@acme.example', email_verified: true, jti: randomBytes(8).toString('hex'), ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(ISSUER)
      .setSubject('42')
      .setAudience('hansa')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key)
  }

  /** A licence of the organisation, with the word of the chamber. */
  async function licence(more: object = {}) {
    const sha256 = new Uint8Array(createHash('sha256').update('the licence of Acme').digest())
    const now = Math.floor(Date.now() / 1000)
    const fields = { iss: 'chamber', sub: ORGANISATION, sha256: Buffer.from(sha256).toString('hex'), iat: now - 60, exp: now + 3600, ...more }
    const statement = new TextEncoder().encode(JSON.stringify(fields))
    const signed = await new FlattenedSign(statement).setProtectedHeader({ alg: 'EdDSA' }).sign(chamber.privateKey)
    return { title: 'licence', sha256, statement, jws: `${signed.protected}..${signed.signature}` }
  }

  const stateOf = ({ verdicts }: ApplyResponse, material: string) => verdicts.find((each) => each.material === material)?.state
  const waitingOf = (node: StrangeApplicant) => {
    const found = aca()
      .pending()
      .find(({ peer }) => peer === node.signer.peer)
    assert.ok(found)
    return found
  }
  const sign = (who: 'ann' | 'bob', { ref, digest }: { ref: string; digest: string }, decision: 'approve' | 'reject' = 'approve', more: object = {}) => ({
    approver: who,
    signature: approvers[who].sign(approvalBytes({ domain: 'north.example', ref, digest, decision, ...more }))
  })

  it('the developer and its qualification are verified: the certificate comes at once, within what was laid down for the organisation', async () => {
    const node = await stranger()
    const answer = await node.apply({
      materials: {
        oidcToken: await token(node.csr),
        documents: [await licence(), { title: 'brochure', sha256: new Uint8Array(32), statement: new Uint8Array(), jws: '' }],
        developer: 'ann@acme.example',
        organisation: ORGANISATION,
        name: 'acme-flight',
        scopes: ['travel/flight'],
        skills: ['flight.book']
      }
    })
    assert.equal(answer.state, ApplicationState.ISSUED, answer.message)
    const { VERIFIED, RECORDED } = VerdictState
    assert.deepEqual(
      answer.verdicts.map(({ material, state }) => [material, state]),
      [
        ['key', VERIFIED],
        ['oidc', VERIFIED],
        ['document', VERIFIED],
        ['document', RECORDED],
        ['developer', VERIFIED],
        ['organisation', VERIFIED],
        ['name', RECORDED],
        ['scopes', RECORDED],
        ['skills', RECORDED]
      ]
    )
    const identity = hub.identities.verify(node.signer.peer, answer.chain)
    assert.deepEqual([identity.spiffeId, identity.scopes, identity.organisation], ['spiffe://north.example/agent/acme-flight', ['travel/flight'], ORGANISATION])
  })

  it('a material that is forged, for somebody else, or used before fails, and a person sees why', async () => {
    const node = await stranger()
    const other = await stranger()
    const base = { organisation: ORGANISATION, name: 'acme-hotel' }
    const cases = [
      { material: 'oidc', oidcToken: await token(node.csr, {}, (await generateKeyPair('ES256')).privateKey) },
      { material: 'oidc', oidcToken: await token(other.csr) },
      { material: 'oidc', oidcToken: await token(node.csr, { email: 'eve@evil.example' }) },
      { material: 'document', documents: [await licence({ sub: 'Other' })] },
      { material: 'document', documents: [{ ...(await licence()), sha256: new Uint8Array(32) }] },
      { material: 'document', documents: [await licence({ exp: 1 })] }
    ]
    for (const { material, ...brought } of cases) {
      const answer = await node.apply({ materials: { ...base, ...brought } })
      assert.equal(answer.state, ApplicationState.PENDING)
      assert.equal(stateOf(answer, material), VerdictState.FAILED, JSON.stringify(Object.keys(brought)))
      const waiting = waitingOf(node)
      await aca().reject(waiting.ref, 'this does not hold', sign('ann', waiting, 'reject', { why: 'this does not hold' }))
      const { state, message } = await node.status(answer.applicationId)
      assert.deepEqual([state, message], [ApplicationState.REJECTED, 'this does not hold'])
    }
  })

  it('what is only said is recorded, and waits for a person; after the approval the applicant has its certificate by asking', async () => {
    const node = await stranger()
    const answer = await node.apply({ materials: { developer: 'Ann', organisation: 'Unknown', name: 'lone', scopes: ['travel'] } })
    assert.deepEqual(
      [answer.state, stateOf(answer, 'developer'), stateOf(answer, 'organisation')],
      [ApplicationState.PENDING, VerdictState.RECORDED, VerdictState.RECORDED]
    )
    assert.equal((await node.status(answer.applicationId)).state, ApplicationState.PENDING)
    const waiting = waitingOf(node)
    assert.equal((await aca().approve(waiting.ref, sign('bob', waiting))).state, 'issued')
    const { state, chain } = await node.status(answer.applicationId)
    assert.equal(state, ApplicationState.ISSUED)
    assert.equal(hub.identities.verify(node.signer.peer, chain).name, 'lone')
  })

  it('a role that speaks for others takes two different approvers', async () => {
    const node = await stranger()
    const answer = await node.apply({ materials: { name: 'edge', roles: ['agw'] } })
    const waiting = waitingOf(node)
    assert.equal(waiting.approvalsNeeded, 2)
    for (const who of ['ann', 'ann'] as const) assert.equal((await aca().approve(waiting.ref, sign(who, waiting))).state, 'pending')
    await assert.rejects(aca().approve(waiting.ref, { ...sign('ann', waiting), approver: 'bob' }), { code: 'SIGNATURE_INVALID' })
    await assert.rejects(aca().approve(waiting.ref, {}), { code: 'PERMISSION_DENIED' })
    assert.equal((await aca().approve(waiting.ref, sign('bob', waiting))).state, 'issued')
    assert.deepEqual(hub.identities.verify(node.signer.peer, (await node.status(answer.applicationId)).chain).roles, ['agw'])
  })

  it('what goes beyond the organisation waits, what goes beyond a voucher is refused', async () => {
    const proved = async (node: StrangeApplicant) => ({ oidcToken: await token(node.csr), documents: [await licence()], organisation: ORGANISATION })
    for (const [index, beyond] of [{ name: 'president' }, { name: 'acme-x', roles: ['agw'] }, { name: 'acme-y', scopes: ['money'] }].entries()) {
      const node = await stranger()
      const answer = await node.apply({ materials: { ...(await proved(node)), ...beyond } })
      assert.equal(answer.state, ApplicationState.PENDING, String(index))
    }
    const { voucher } = await aca().createVoucher({ roles: ['agent'], name: 'bounded', ttlMs: 60_000, scopes: ['travel'] })
    const node = await stranger()
    await assert.rejects(node.apply({ voucher, materials: { scopes: ['money'] } }), { code: 'SCOPE_EXCEEDED' })
    await assert.rejects(node.apply({ voucher, materials: { roles: ['aca'] } }), { code: 'SCOPE_EXCEEDED' })
  })

  it('a key that is weak, used by another name, or given up as compromised is refused', async () => {
    const node = await stranger()
    const weak = Uint8Array.from([...node.signer.publicKey.subarray(0, 12), 1, ...new Uint8Array(31)])
    const request = makeCsr({ publicKey: weak, sign: () => new Uint8Array(64) })
    await assert.rejects(node.apply({ csr: request, materials: { name: 'weak' } }), { code: 'KEY_REFUSED', message: /small order/ })
    await node.apply({ materials: { name: 'first' } })
    await aca().approve(waitingOf(node).ref, sign('ann', waitingOf(node)))
    await assert.rejects(node.apply({ csr: node.csr, voucher: (await aca().createVoucher({ roles: ['agent'], name: 'second', ttlMs: 60_000 })).voucher }), {
      code: 'KEY_REFUSED',
      message: /another name/
    })
    const { serial } = aca().show('first')[0] ?? { serial: '' }
    await aca().revoke('first', 'keyCompromise')
    const other = await stranger()
    await assert.rejects(other.apply({ csr: node.csr, materials: { name: 'first' } }), { code: 'CSR_INVALID' })
    await assert.rejects(aca().door.apply({ csr: node.csr, cites: serial }, { door: 'cli' }), { code: 'KEY_REFUSED', message: /compromised/ })
  })

  it('a new key is proved by both keys (draft 3.1.2), over the network', async () => {
    const node = await stranger()
    const answer = await node.apply({ materials: { name: 'mover' } })
    await aca().approve(waitingOf(node).ref, sign('ann', waitingOf(node)))
    node.identities.setChain((await node.status(answer.applicationId)).chain)
    const next = createSigner(new Uint8Array(randomBytes(32)))
    const csr = makeCsr(next)
    const { chain } = await node.rpc.call(node.target, methods.rekey, { csr, proof: node.signer.sign(rekeyBytes(csr)) })
    assert.equal(hub.identities.verify(next.peer, chain).name, 'mover')
    assert.equal(parseCertificate(chain[0] ?? new Uint8Array()).spki.length, next.publicKey.length)
  })
})
