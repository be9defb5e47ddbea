import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import tls from 'node:tls'
import { createPort, type Port, type PortDeps } from '../../../src/adapters/ingress/port.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createVerify, seedToPem, sha256 } from '../../../src/adapters/system/crypto.ts'
import { parseCertificate } from '../../../src/wire/x509/certificate.ts'
import { encodePem } from '../../../src/wire/x509/pem.ts'
import { createIdentities } from '../../../src/roles/member/identities.ts'
import type { MemberIdentities } from '../../../src/roles/member/member-identities.ts'
import type { ClientFacts } from '../../../src/ports/gateway-door.ts'
import { HansaError } from '../../../src/schema/errors.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryLog } from '../../support/memory/memory-log.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { type TestDomain, testDomain, type TestNode } from '../../support/pki.ts'
import { until } from '../../support/until.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const SAMPLES = { http1: 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', http2: `${PREFACE}\0\0\0\x04`, mqtt: '\x10\x0c\x00\x04MQTT\x05' } as const
type Protocol = keyof typeof SAMPLES

/** What an acceptor got. */
interface Taken {
  readonly protocol: Protocol
  readonly client: ClientFacts
  readonly socket: Socket
  bytes: string
}

describe('the one port of a gateway', () => {
  let domain: TestDomain
  let gateway: TestNode
  let identities: MemberIdentities
  let port: Port
  let log: MemoryLog
  let address: { host: string; port: number }
  let taken: Taken[]
  let clients: Socket[]
  let revoked: boolean

  before(async () => {
    domain = await testDomain('north.example', Date.now())
    gateway = await domain.leaf({ name: 'gw1', role: 'agw', dnsName: 'gw1.north.example' })
  })

  const pemOf = (chain: readonly Uint8Array[]): string => chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  const accept =
    (protocol: Protocol) =>
    (socket: Socket, client: ClientFacts): void => {
      const entry: Taken = { protocol, client, socket, bytes: '' }
      taken.push(entry)
      socket.on('data', (piece: Buffer) => (entry.bytes += piece.toString('latin1')))
    }

  async function open(more: Partial<PortDeps> = {}): Promise<void> {
    port = createPort({
      clock: systemClock,
      log,
      listen: '127.0.0.1:0',
      acceptors: { http1: accept('http1'), http2: accept('http2'), mqtt: accept('mqtt') },
      tls: {
        certificates: () => [{ chain: pemOf(gateway.chain.slice(0, -1)), key: seedToPem(gateway.seed) }],
        known: () => [...gateway.chain.slice(1), ...identities.roots('north.example')],
        verify: (chain) => identities.verifySigner(chain)
      },
      check(identity) {
        if (revoked) throw new HansaError('CERTIFICATE_REVOKED', 'revoked')
        identities.check(identity)
      },
      ...more
    })
    const url = new URL(await port.start())
    address = { host: url.hostname, port: Number(url.port) }
  }

  async function reopen(more: Partial<PortDeps>): Promise<void> {
    await port.refuse()
    port.close()
    await open(more)
  }

  beforeEach(async () => {
    taken = []
    clients = []
    revoked = false
    log = new MemoryLog()
    identities = createIdentities({
      ...{ domain: 'north.example', signer: gateway.signer, clock: systemClock, verify: createVerify(), sha256, store: new MemoryStore() },
      chain: gateway.chain,
      roots: [domain.root]
    })
    await open()
  })
  afterEach(async () => {
    for (const client of clients) client.destroy()
    await port.refuse()
    port.close()
  })

  function dial(): Socket {
    const socket = connect(address)
    socket.on('error', () => undefined)
    clients.push(socket)
    return socket
  }

  async function dialTls(options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
    const socket = tls.connect({ ...address, ca: pemOf([domain.root]), servername: 'gw1.north.example', ...options })
    clients.push(socket)
    socket.on('error', () => undefined)
    await once(socket, 'secureConnect')
    return socket
  }
  const showing = ({ chain, seed }: TestNode, count = chain.length): tls.ConnectionOptions => ({ cert: pemOf(chain.slice(0, count)), key: seedToPem(seed) })
  const closed = (socket: Socket): Promise<unknown> => (socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve)))
  const one = async (): Promise<Taken> => {
    await until('the clients were taken or cut', () => taken.length > 0)
    const [first] = taken
    assert.ok(first)
    return first
  }

  for (const [protocol, bytes] of Object.entries(SAMPLES)) {
    it(`hands ${protocol} over with every byte, at once and one by one`, async () => {
      dial().write(bytes, 'latin1')
      const slow = dial().setNoDelay()
      for (const byte of bytes) {
        slow.write(byte, 'latin1')
        await new Promise((resolve) => setImmediate(resolve))
      }
      await until('the clients were taken or cut', () => taken.length === 2 && taken.every((each) => each.bytes.length === bytes.length))
      for (const each of taken)
        assert.deepEqual([each.protocol, each.bytes, each.client.address, each.client.identity], [protocol, bytes, '127.0.0.1', undefined])
    })

    it(`hands ${protocol} over from inside TLS, with and without ALPN`, async () => {
      const name = { http1: 'http/1.1', http2: 'h2', mqtt: 'mqtt' }[protocol as Protocol]
      for (const ALPNProtocols of [undefined, [name]]) {
        taken = []
        const client = await dialTls({ ALPNProtocols })
        assert.equal(client.authorized, true)
        assert.equal(client.alpnProtocol, ALPNProtocols === undefined ? false : name)
        for (const byte of bytes) client.write(byte, 'latin1')
        await until('the clients were taken or cut', () => taken[0]?.bytes.length === bytes.length)
        assert.deepEqual([taken[0]?.protocol, taken[0]?.bytes], [protocol, bytes])
      }
    })
  }

  it('gives HTTP/1.1 to a client that offers HTTP/2 as well', async () => {
    assert.equal((await dialTls({ ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol, 'http/1.1')
  })

  it('hangs up on a protocol that nobody takes, and on TLS within TLS', async () => {
    const inner = await dialTls()
    inner.write(Buffer.from([0x16, 0x03, 0x01, 0x02]))
    await closed(inner)
    await reopen({ acceptors: { http1: accept('http1') } })
    const client = dial()
    client.write(SAMPLES.mqtt, 'latin1')
    await closed(client)
    assert.equal(taken.length, 0)
  })

  describe('knows a TLS client by its certificate', () => {
    it('whole, without its root, and its leaf alone', async () => {
      const agent = await domain.leaf({ name: 'flight' })
      for (const count of [3, 2, 1]) {
        taken = []
        const client = await dialTls(showing(agent, count))
        client.write(SAMPLES.http1)
        const { client: facts } = await one()
        assert.deepEqual([facts.identity?.spiffeId, facts.identity?.peer], [agent.spiffeId, agent.peer], String(count))
      }
    })

    it('over TLS 1.3 only: the key of a node signs nothing that a client of an older version can begin', async () => {
      const agent = await domain.leaf({ name: 'flight' })
      await assert.rejects(dialTls({ ...showing(agent), maxVersion: 'TLSv1.2' }), /protocol version/)
      assert.equal((await dialTls(showing(agent))).getProtocol(), 'TLSv1.3')
    })

    it('and never by a session from before', async () => {
      const agent = await domain.leaf({ name: 'flight' })
      const sessions: Buffer[] = []
      const first = await dialTls(showing(agent))
      first.on('session', (session: Buffer) => sessions.push(session))
      first.write(SAMPLES.http1)
      await one()
      const session = sessions.at(-1) ?? first.getSession()
      const second = await dialTls({ ...showing(agent), session })
      assert.equal(second.isSessionReused(), false)
    })

    const strangers: [string, () => Promise<tls.ConnectionOptions>][] = [
      ['of a domain that is not listed', async () => showing(await (await testDomain('evil.example', Date.now())).leaf({ name: 'flight' }))],
      ['of another CA that calls itself the same', async () => showing(await (await testDomain('north.example', Date.now())).leaf({ name: 'flight' }))],
      [
        'of another CA that calls itself the same, the leaf alone',
        async () => showing(await (await testDomain('north.example', Date.now())).leaf({ name: 'flight' }), 1)
      ],
      ['that has ended', async () => showing(await domain.leaf({ name: 'flight', notAfter: Date.now() - 1000 }))],
      ['that is a CA', () => Promise.resolve({ cert: pemOf([domain.issuing, domain.root]), key: domain.files.issuingKey })]
    ]
    for (const [what, options] of strangers)
      it(`and serves nobody with one ${what}, not even as a stranger`, async () => {
        const client = tls.connect({ ...address, ca: pemOf([domain.root]), servername: 'gw1.north.example', ...(await options()) })
        clients.push(client)
        client.on('error', () => undefined)
        client.write(SAMPLES.http1)
        await closed(client)
        assert.equal(taken.length, 0)
        assert.ok(log.entries.some(({ message }) => message === 'a TLS client was refused'))
      })

    it('until that is revoked: the connection is cut, and those of others are not', async () => {
      const agent = await domain.leaf({ name: 'flight' })
      const known = await dialTls(showing(agent))
      const stranger = await dialTls()
      for (const client of [known, stranger]) client.write(SAMPLES.http1)
      await until('the clients were taken or cut', () => taken.length === 2)
      port.recheck()
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert.equal(known.destroyed, false)
      revoked = true
      port.recheck()
      await closed(known)
      assert.equal(stranger.destroyed, false)
    })
  })

  it('shows a renewed certificate to the next client, and goes on with the others', async () => {
    let shown = gateway
    await reopen({
      tls: {
        certificates: () => [{ chain: pemOf(shown.chain), key: seedToPem(shown.seed) }],
        known: () => [],
        verify: (chain) => identities.verifySigner(chain)
      }
    })
    const before = await dialTls()
    shown = await domain.leaf({ name: 'gw1', role: 'agw', dnsName: 'gw1.north.example', seed: gateway.seed })
    const after = await dialTls()
    const serialOf = (node: TestNode): string => parseCertificate(node.chain[0] ?? new Uint8Array()).serial
    assert.equal(before.getPeerCertificate().serialNumber.toLowerCase(), serialOf(gateway))
    assert.equal(after.getPeerCertificate().serialNumber.toLowerCase(), serialOf(shown))
    before.write(SAMPLES.http1)
    await one()
  })

  it('takes no TLS client before there is a certificate, and survives one that cannot be shown', async () => {
    let own: { chain: string; key: string } | undefined
    await reopen({ tls: { certificates: () => (own === undefined ? [] : [own]), known: () => [], verify: (chain) => identities.verifySigner(chain) } })
    const hello = Buffer.from([0x16, 0x03, 0x01, 0x00, 0x01, 0x01])
    for (const next of [undefined, { chain: 'nonsense', key: 'nonsense' }]) {
      own = next
      const client = dial()
      client.write(hello)
      await closed(client)
    }
    dial().write(SAMPLES.http1)
    await one()
  })

  it('is not opened with a key that does not go with the certificate', async () => {
    const other = await domain.leaf({ name: 'other' })
    const certificate = { chain: pemOf(gateway.chain), key: seedToPem(other.seed) }
    const wrong = createPort({
      ...{ clock: systemClock, log, listen: '127.0.0.1:0', acceptors: {}, check: () => undefined },
      tls: { certificates: () => [certificate], known: () => [], verify: (chain) => identities.verifySigner(chain) }
    })
    await assert.rejects(wrong.start(), { code: 'CONFIG_INVALID' })
  })

  it('is not opened where somebody listens', async () => {
    const second = createPort({ clock: systemClock, log, listen: `127.0.0.1:${address.port}`, acceptors: {}, check: () => undefined })
    await assert.rejects(second.start(), { code: 'PORT_TAKEN' })
  })

  it('survives garbage in place of TLS, and clients that go in the middle', async () => {
    for (const bytes of [Buffer.from([0x16, 0x03, 0x03, 0xff, 0xff, ...Array<number>(300).fill(7)]), Buffer.from([0x16, 0x03])]) {
      const client = dial()
      client.write(bytes)
      await new Promise((resolve) => setTimeout(resolve, 10))
      client.resetAndDestroy()
    }
    const half = dial()
    half.end(Buffer.from('PRI *'))
    await closed(half)
    dial().write(SAMPLES.http1)
    await one()
  })

  describe('gives clients that say nothing', () => {
    it('5 seconds, also when they drip', async () => {
      const clock = new FakeClock()
      await reopen({ clock })
      const silent = dial()
      const dripping = dial()
      dripping.write('P')
      const prompt = dial()
      prompt.write(SAMPLES.http1)
      await one()
      await new Promise((resolve) => setTimeout(resolve, 30))
      await clock.advance(4_999)
      dripping.write('R')
      await new Promise((resolve) => setTimeout(resolve, 30))
      assert.deepEqual([silent.destroyed, dripping.destroyed], [false, false])
      await clock.advance(1)
      await Promise.all([closed(silent), closed(dripping)])
      assert.equal(prompt.destroyed, false)
    })

    it('and hold TLS sockets in silence, the same', async () => {
      const clock = new FakeClock()
      await reopen({ clock })
      const client = await dialTls({ ALPNProtocols: ['h2'] })
      client.resume()
      await new Promise((resolve) => setTimeout(resolve, 30))
      await clock.advance(5_000)
      await closed(client)
    })

    it('their place to others: a flood of them keeps nobody out who speaks', async () => {
      // Nobody is cut for the time here.
      await reopen({ clock: new FakeClock() })
      const flood: Socket[] = []
      // In parts that the queue of the listener holds: what does not fit is tried again after seconds.
      for (let part = 0; part < 11; part++) {
        const some = Array.from({ length: 100 }, () => dial().resume())
        await Promise.all(some.map((socket) => once(socket, 'connect')))
        flood.push(...some)
      }
      const client = dial()
      client.write(SAMPLES.http1)
      await one()
      await until('the clients were taken or cut', () => flood.filter((socket) => socket.closed).length >= 100)
      const cut = flood.map((socket) => socket.closed)
      assert.equal(cut[0], true)
      assert.equal(cut.at(-1), false)
    })
  })

  it('stops while connections are open: takes no more, lets those be, then cuts them', async () => {
    const plain = dial()
    plain.write(SAMPLES.http1)
    const secure = await dialTls()
    secure.write(SAMPLES.http1)
    await until('the clients were taken or cut', () => taken.length === 2)
    await port.refuse()
    const late = dial()
    await closed(late)
    taken[0]?.socket.write('bye')
    assert.equal(String((await once(plain, 'data'))[0]), 'bye')
    assert.deepEqual([plain.destroyed, secure.destroyed], [false, false])
    port.close()
    await Promise.all([closed(plain), closed(secure)])
  })
})
