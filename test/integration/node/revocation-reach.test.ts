import assert from 'node:assert/strict'
import { create } from '@bufbuild/protobuf'
import { createPrivateKey, sign } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import tls from 'node:tls'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { createTestnet, type TestAgent, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { HansaError, toHansaError } from '../../../src/schema/errors.ts'
import { CrlResponseSchema } from '../../../src/schema/generated/hansa/v1/trust_pb.ts'
import { parseCertificate } from '../../../src/wire/x509/certificate.ts'
import { writeCrl } from '../../../src/wire/x509/crl.ts'
import { decodePem } from '../../../src/wire/x509/pem.ts'
import { MAX_GOSSIP_BYTES } from '../../../src/wire/topics.ts'
import { methods } from '../../../src/wire/methods.ts'
import { at, applicable } from '../../support/draft-world.ts'
import { until } from '../../support/until.ts'

const WITHIN_MS = 20_000
const CAPABILITY = 'travel/flight-booking'

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof HansaError ? error.code : String(error))
  )

/** A domain whose roles are on nodes of their own, and a second domain beside it. */
describe('after hansa ca revoke (draft 3.1.2)', function () {
  // Real nodes on a machine that has other work.
  this.timeout(90_000)

  let net: Testnet
  let north: TestDomain
  let south: TestDomain
  let aca: HansaNode
  let ars: HansaNode
  let gw1: HansaNode
  let gw2: HansaNode
  let foreign: HansaNode

  before(async () => {
    net = await createTestnet()
    north = await net.domain('north.example', [
      { name: 'ca', roles: ['aca'] },
      { name: 'registry', roles: ['ars'] },
      { name: 'gw1', roles: ['agw'] },
      { name: 'gw2', roles: ['agw'] }
    ])
    south = await net.domain('south.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    aca = north.node('ca')
    ars = north.node('registry')
    gw1 = north.node('gw1')
    gw2 = north.node('gw2')
    foreign = south.founder
    await net.interconnect(gw1, foreign)
  })
  after(() => net.stop())

  const all = (): HansaNode[] => [...north.nodes(), ...south.nodes()]

  async function agent(name: string): Promise<TestAgent> {
    const made = await net.agent(north, name, { capabilities: [CAPABILITY] })
    await until(`${name} is known to all gateways`, () => [gw1, gw2, foreign].every((gateway) => applicable(gateway).includes(made.handle)), WITHIN_MS)
    return made
  }

  function accepts(node: HansaNode, holder: HansaNode, chain: readonly Uint8Array[]): boolean {
    try {
      node.identities.verify(holder.network.peer, chain)
      return true
    } catch {
      return false
    }
  }

  async function revoke(name: string): Promise<void> {
    await aca.aca?.revoke(name, 'keyCompromise')
  }

  it('no node believes the holder on a new stream', async () => {
    const { node } = await agent('fresh')
    const chain = node.identities.chain()
    for (const each of all()) assert.ok(accepts(each, node, chain))
    await revoke('fresh')
    await until('every node refuses the chain', () => all().every((each) => !accepts(each, node, chain)), WITHIN_MS)
    for (const each of north.nodes()) assert.equal(await codeOf(node.rpc.call(at(each), methods.ping, {}, { timeoutMs: 3000 })), 'CERTIFICATE_REVOKED')
  })

  it('streams that are open are reset, and a call in flight ends at both ends', async () => {
    let begun = (): void => undefined
    const working = new Promise<void>((resolve) => (begun = resolve))
    let ended: unknown
    const callee = await net.agent(north, 'slow', {
      capabilities: [CAPABILITY],
      handler: (_message, { signal }) => {
        begun()
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            ended = signal.reason
            reject(toHansaError(signal.reason))
          })
        )
      }
    })
    const caller = await agent('caller')
    const call = codeOf(caller.node.swarm.send(callee.handle, 'work'))
    await working
    await revoke('caller')
    assert.notEqual(await call, 'done')
    await until('the callee has been told', () => ended !== undefined, WITHIN_MS)
    await until(
      'nobody is connected with the holder',
      () => north.nodes().every((each) => !each.rpc.identities().some(({ name }) => name === 'caller')),
      WITHIN_MS
    )
  })

  it('the directory knows it no longer: no discovery, no resolution, no route, at any gateway of any domain', async () => {
    const { handle } = await agent('listed')
    const found = async ({ ars: registry, home }: HansaNode): Promise<boolean> => {
      const answer = await registry?.discover({ capabilities: [CAPABILITY], domain: 'north.example', limit: 50 }, home.config.domain)
      return answer?.hits.some(({ record }) => Buffer.from(record?.payload ?? []).includes(handle)) === true
    }
    assert.ok(await found(ars))
    await until('it is found abroad', () => found(foreign), WITHIN_MS)
    await revoke('listed')
    await until(
      'no gateway has a route',
      () => [gw1, gw2, foreign].every((gateway) => !gateway.agw?.routes().some(({ advert }) => advert.handle === handle)),
      WITHIN_MS
    )
    await until('it is attached nowhere', () => [gw1, gw2].every((gateway) => !gateway.agw?.attachments().some((each) => each.handle === handle)), WITHIN_MS)
    await until('it is not found at home', async () => !(await found(ars)), WITHIN_MS)
    await until('it is not found abroad', async () => !(await found(foreign)), WITHIN_MS)
    await until('it is not resolved', async () => (await codeOf(ars.ars?.resolve(handle) ?? Promise.resolve())) === 'AGENT_NOT_FOUND', WITHIN_MS)
  })

  it('a gateway that is revoked is no neighbour, no member and no address any more', async () => {
    const gw3 = await net.join(north, { name: 'gw3', roles: ['agw'] })
    const { peer } = gw3.network
    await until('gw3 is known', () => [ars, gw1, gw2].every((each) => each.member.nodes().some(({ peerId }) => peerId === peer)), WITHIN_MS)
    await until('gw3 is a neighbour', () => gw1.agw?.neighbors().some(({ id, state }) => id.endsWith('/gw3') && state === 'up'), WITHIN_MS)
    await revoke('gw3')
    await until('it is forgotten', () => [aca, ars, gw1, gw2].every((each) => !each.member.nodes().some(({ peerId }) => peerId === peer)), WITHIN_MS)
    await until(
      'it is no neighbour',
      () => [gw1, gw2].every((each) => !each.agw?.neighbors().some(({ id, state }) => id.endsWith('/gw3') && state === 'up')),
      WITHIN_MS
    )
  })

  describe('clients of the one port with its certificate', () => {
    async function tlsClient(holder: HansaNode, alpn: string): Promise<tls.TLSSocket> {
      const [cert, key] = await Promise.all([readFile(holder.home.paths.chain, 'utf8'), readFile(holder.home.paths.key, 'utf8')])
      const socket = tls.connect({
        ...{ host: '127.0.0.1', port: Number(new URL(gw1.ingress() ?? '').port), cert, key, ALPNProtocols: [alpn] },
        // Who the gateway is, other tests ask.
        rejectUnauthorized: false
      })
      socket.on('error', () => undefined)
      await once(socket, 'secureConnect')
      return socket
    }
    const gone = (socket: tls.TLSSocket): Promise<boolean> => until('the connection is cut', () => socket.destroyed || socket.closed, WITHIN_MS)

    it('are cut off over HTTP, and come in no more; no session is resumed', async () => {
      const { node } = await agent('web')
      const socket = await tlsClient(node, 'http/1.1')
      const answers: string[] = []
      socket.on('data', (data: Buffer) => answers.push(data.toString()))
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
      await until('an answer', () => answers.join('').includes('200 OK'), WITHIN_MS)
      assert.equal(socket.isSessionReused(), false)
      await revoke('web')
      await gone(socket)
      await until('a new one is refused', async () => {
        const again = await tlsClient(node, 'http/1.1')
        let answered = false
        again.on('data', () => (answered = true))
        again.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
        await until('an answer or an end', () => answered || again.destroyed || again.closed, WITHIN_MS)
        again.destroy()
        return !answered
      })
    })

    it('are cut off over gRPC in the middle of a connection', async () => {
      const { node } = await agent('grpc')
      const [cert, key] = await Promise.all([readFile(node.home.paths.chain, 'utf8'), readFile(node.home.paths.key, 'utf8')])
      const session = connectHttp2(gw1.ingress()?.replace('http:', 'https:') ?? '', { cert, key, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
      session.on('error', () => undefined)
      await once(session, 'connect')
      await new Promise<void>((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))))
      await revoke('grpc')
      await until('the session is over', () => session.destroyed, WITHIN_MS)
    })

    it('are cut off over MQTT with what they had open', async () => {
      const { connectAsync } = await import('mqtt')
      const { node } = await agent('mqtt')
      const [cert, key] = await Promise.all([readFile(node.home.paths.chain, 'utf8'), readFile(node.home.paths.key, 'utf8')])
      const client = await connectAsync(`mqtts://127.0.0.1:${new URL(gw1.ingress() ?? '').port}`, {
        ...{ cert, key, rejectUnauthorized: false, protocolVersion: 5 as const, reconnectPeriod: 0, clientId: 'reach' }
      })
      client.on('error', () => undefined)
      assert.ok(client.connected)
      await revoke('mqtt')
      await until('the session has ended', () => !client.connected, WITHIN_MS)
      await client.endAsync(true)
    })
  })

  it('what the domain says of its roots is told at every node, signed, and to SPIFFE implementations over HTTP', async () => {
    const bundle = (await (await fetch(`${aca.ingress()}/aca/bundle.json`)).json()) as { spiffe_sequence: number; keys: { x5c: string[] }[] }
    assert.deepEqual(
      bundle.keys.map(({ x5c }) => x5c[0]),
      aca.identities.roots('north.example').map((root) => Buffer.from(root).toString('base64'))
    )
    const sequence = (node: HansaNode): bigint | undefined => node.identities.successor('north.example')?.bundle?.sequence
    await until('members have heard it', () => [ars, gw1, gw2].every((node) => sequence(node) === BigInt(bundle.spiffe_sequence)), WITHIN_MS)
    await until('the neighbour has, too', () => foreign.member.refreshBundle('north.example').then(() => sequence(foreign) === sequence(aca)), WITHIN_MS)
  })

  // The last: its number is above all that the ACA gives out here.
  it('a list of 100,000 entries, far too large for gossip, reaches the other nodes by asking', async () => {
    const { aca: files } = aca.home.paths
    const [key, issuing] = await Promise.all([readFile(files.issuingKey, 'utf8'), readFile(files.issuing, 'utf8')])
    const [certificate = new Uint8Array()] = decodePem('CERTIFICATE', issuing)
    const { subject, subjectKeyIdentifier = '' } = parseCertificate(certificate)
    const now = Date.now()
    const revoked = Array.from({ length: 100_000 }, (_, index) => ({
      serial: `7${index.toString(16).padStart(31, '0')}`,
      at: now,
      reason: 'superseded' as const
    }))
    const signer = createPrivateKey(key)
    const crl = writeCrl(
      { issuer: subject, issuerKeyIdentifier: subjectKeyIdentifier, number: 1_000_000, thisUpdate: now, nextUpdate: now + 3_600_000, revoked },
      (tbs) => new Uint8Array(sign(null, tbs, signer))
    )
    assert.ok(crl.length > MAX_GOSSIP_BYTES)
    aca.identities.acceptCrl(create(CrlResponseSchema, { domain: 'north.example', crl, chain: [certificate, ...aca.identities.roots('north.example')] }))
    await gw2.member.refresh()
    assert.equal(gw2.identities.crl('north.example')?.revoked.size, 100_000)
    await ars.member.refresh()
    assert.equal(ars.identities.crl('north.example')?.number, 1_000_000)
  })
})
