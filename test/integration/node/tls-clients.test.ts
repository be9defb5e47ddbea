import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyPairKeyObjectResult, sign, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { makeCsr } from '../../../src/wire/x509/csr.ts'
import { OIDS } from '../../../src/wire/x509/oids.ts'
import { encodePem } from '../../../src/wire/x509/pem.ts'
import { foundWorld, type World } from '../../support/draft-world.ts'
import { until } from '../../support/until.ts'

const curlThere = spawnSync('curl', ['--version']).status === 0
const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'SendMessage',
  params: { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hello' }] } }
})

function csrOf({ publicKey, privateKey }: KeyPairKeyObjectResult): Uint8Array {
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  return makeCsr({ publicKey: spki, sign: (data) => new Uint8Array(sign('sha256', data, privateKey)) }, OIDS.ecdsaWithSha256)
}

describe('TLS clients of a gateway, with certificates of the network', () => {
  let world: World
  let gateway: HansaNode
  let dir: string
  let roots: string
  let port: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-tls-'))
    world = await foundWorld()
    gateway = world.northGateway
    await world.net.agent(world.north, 'flight', { capabilities: ['travel/flight-booking'] })
    roots = join(dir, 'roots.pem')
    await writeFile(
      roots,
      gateway.identities
        .roots('north.example')
        .map((root) => encodePem('CERTIFICATE', root))
        .join('')
    )
    port = new URL(gateway.ingress() ?? '').port
  })
  after(async () => {
    await world.net.stop()
    await rm(dir, { recursive: true, force: true })
  })

  interface Answer {
    readonly exit: number
    readonly status: number
    readonly body: string
  }

  /** The command that an operator would type, with the name that is in the gateway's certificate. */
  function curl(path: string, ...more: string[]): Promise<Answer> {
    const common = [
      '--silent',
      '--show-error',
      '--max-time',
      '10',
      '--cacert',
      roots,
      '--resolve',
      `hub.north.example:${port}:127.0.0.1`,
      '--write-out',
      '\n%{http_code}'
    ]
    return new Promise((resolve) => {
      execFile('curl', [...common, ...more, `https://hub.north.example:${port}${path}`], (error, stdout) => {
        const at = stdout.lastIndexOf('\n')
        resolve({ exit: typeof error?.code === 'number' ? error.code : 0, status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) })
      })
    })
  }
  const as = ({ home }: HansaNode): string[] => ['--cert', home.paths.chain, '--key', home.paths.key]
  const calling = ['--header', 'content-type: application/json', '--header', 'a2a-version: 1.0', '--data', CALL]
  const FLIGHT = '/agents/flight@north.example'

  describe('curl', function () {
    before(function () {
      if (!curlThere) this.skip()
    })

    it('believes the gateway by the root of its domain alone', async () => {
      const { exit, status } = await curl('/healthz')
      assert.deepEqual([exit, status], [0, 200])
      const other = join(dir, 'other.pem')
      await writeFile(
        other,
        gateway.identities
          .roots('south.example')
          .map((root) => encodePem('CERTIFICATE', root))
          .join('')
      )
      assert.equal((await curl('/healthz', '--cacert', other)).exit, 60)
    })

    it('calls an agent as a member of the domain', async () => {
      const member = await world.net.join(world.north, { name: 'caller', roles: ['agent'] })
      const { status, body } = await curl(`${FLIGHT}/jsonrpc`, ...as(member), ...calling)
      assert.equal(status, 200, body)
      assert.match(body, /"text":"hello"/)
    })

    it('is known as what its certificate says: agents of another domain have a gateway of their own', async () => {
      const foreign = await world.net.join(world.south, { name: 'caller', roles: ['agent'] })
      const { status, body } = await curl(`${FLIGHT}/jsonrpc`, ...as(foreign), ...calling)
      assert.equal(status, 403, body)
      assert.match(body, /spiffe:\/\/south\.example\/agent\/caller must call through a gateway of its own domain/)
    })

    it('goes on by TLS and the same name by what it reads in the card', async () => {
      const { body } = await curl(`${FLIGHT}/.well-known/agent-card.json`)
      const { supportedInterfaces } = JSON.parse(body) as { supportedInterfaces: { url: string; protocolBinding: string }[] }
      assert.equal(supportedInterfaces[0]?.url, `https://hub.north.example:${port}${FLIGHT}/jsonrpc`)
      assert.ok(supportedInterfaces.some(({ url, protocolBinding }) => protocolBinding === 'GRPC' && url === `hub.north.example:${port}`))
    })

    it('is cut off with the certificate of a domain that nobody has listed', async () => {
      const net = await foundWorld({ connected: false })
      try {
        const stranger = await net.net.join(net.south, { name: 'caller', roles: ['agent'] })
        const { exit, status } = await curl('/healthz', ...as(stranger))
        assert.notEqual(exit, 0)
        assert.equal(status, 0)
      } finally {
        await net.net.stop()
      }
    })
  })

  it('with a P-256 key, enrolled through a foreign door, are who their certificate says until it is revoked', async function () {
    if (!curlThere) this.skip()
    const { aca } = gateway
    assert.ok(aca)
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { voucher } = await aca.createVoucher({ roles: ['agent'], name: 'browser', ttlMs: 60_000 })
    const outcome = await aca.door.apply({ csr: csrOf(key), voucher }, { door: 'est' })
    assert.equal(outcome.state, 'issued')
    const files = { cert: join(dir, 'browser.pem'), key: join(dir, 'browser.key') }
    const chain = outcome.state === 'issued' ? outcome.chain.slice(0, -1) : []
    await writeFile(files.cert, chain.map((each) => encodePem('CERTIFICATE', each)).join(''))
    await writeFile(files.key, key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const call = () => curl(`${FLIGHT}/jsonrpc`, '--cert', files.cert, '--key', files.key, ...calling)
    const { status, body } = await call()
    assert.equal(status, 200, body)
    assert.match(body, /"text":"hello"/)
    await aca.revoke('browser', 'cessationOfOperation')
    const refused = await call()
    assert.equal(refused.status, 0)
    assert.notEqual(refused.exit, 0)
  })

  it('are cut off when their certificate is revoked, and not let in again', async () => {
    const member = await world.net.join(world.north, { name: 'leaver', roles: ['agent'] })
    const options = {
      port: Number(port),
      host: '127.0.0.1',
      servername: 'hub.north.example',
      ca: await readFile(roots),
      cert: await readFile(member.home.paths.chain),
      key: await readFile(member.home.paths.key)
    }
    const ask = (socket: tls.TLSSocket): void => void socket.write('GET /healthz HTTP/1.1\r\nhost: hub.north.example\r\n\r\n')
    let answers = ''
    const open = tls.connect(options)
    open.on('error', () => undefined).on('data', (piece: Buffer) => (answers += piece.toString()))
    ask(open)
    await until('the open connection is served', () => answers.includes('200 OK'))
    await gateway.aca?.revoke('leaver', 'keyCompromise')
    await until('the open connection is cut', () => open.destroyed)
    const again = tls.connect(options)
    let served = ''
    again.on('error', () => undefined).on('data', (piece: Buffer) => (served += piece.toString()))
    ask(again)
    await until('the new one is cut', () => again.destroyed)
    assert.equal(served, '')
  })

  it('can prove a card by the root of the domain', async () => {
    const card = (await (await fetch(`${gateway.ingress()}${FLIGHT}/.well-known/agent-card.json`)).json()) as {
      signatures: { protected: string; signature: string }[]
    }
    const head = JSON.parse(Buffer.from(card.signatures[0]?.protected ?? '', 'base64url').toString()) as { kid: string; x5c: string[] }
    const chain = head.x5c.map((der) => new Uint8Array(Buffer.from(der, 'base64')))
    assert.equal(head.kid, gateway.identities.self()?.spiffeId)
    // Who holds the root needs nothing else.
    assert.equal(world.southGateway.identities.verifySigner(chain).spiffeId, head.kid)
    const leaf = new X509Certificate(chain[0] ?? new Uint8Array())
    await verifyAgentCardSignature(() => Promise.resolve(leaf.publicKey))(AgentCard.fromJSON(card))
  })
})
