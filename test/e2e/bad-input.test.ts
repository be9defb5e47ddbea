import assert from 'node:assert/strict'
import { toBinary, create } from '@bufbuild/protobuf'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { fingerprint } from '../../src/node/fingerprint.ts'
import { homePaths } from '../../src/node/home/home-paths.ts'
import { readNodeSeed } from '../../src/node/home/node-key.ts'
import type { CallTrailer } from '../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentDescriptionSchema, DiscoverRequestSchema, RegisterRequestSchema } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { HELLO } from '../../src/wire/frames.ts'
import { methods } from '../../src/wire/methods.ts'
import { sealRecord } from '../../src/wire/signed-record.ts'
import { decodePem } from '../../src/wire/x509/pem.ts'
import { documents, HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { testDomain } from '../support/pki.ts'
import { hello, RawPeer } from '../support/raw-peer.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

const ECHO = 'echo@north.example'
const DISCOVER = toBinary(DiscoverRequestSchema, create(DiscoverRequestSchema, {}))

/** What a gateway and directory is given by strangers, while somebody else calls an agent through it all the time. */
describe('bad input against a running node', function () {
  this.timeout(40_000)
  let hansa: HansaProcesses
  let echo: ServedAgent
  let hub: NodeProcess
  let swarmKey: string
  let member: { seed: Uint8Array; chain: Uint8Array[] }
  const peers: RawPeer[] = []
  const others = { calls: 0, failures: [] as string[], stop: false, done: Promise.resolve() }

  before(async () => {
    hansa = new HansaProcesses()
    echo = await sdkAgents.echo()
    hub = await hansa.node(await hansa.init('north', { domain: 'north.example' }))
    swarmKey = readFileSync(homePaths(hub.home).swarmKey, 'utf8')
    const memberHome = homePaths(await hansa.join(hub, ['agent'], 'member'))
    member = { seed: await readNodeSeed(memberHome), chain: decodePem('CERTIFICATE', readFileSync(memberHome.chain, 'utf8')) }
    await hansa.agent(await hansa.join(hub, ['agent'], 'echo'), echo.card)
    await until('echo can be called', async () => (await hub.admin.call('routes', {})).routes.some(({ applicable }) => applicable))
    others.done = callAllTheTime()
  })
  after(async () => {
    others.stop = true
    await others.done
    await Promise.all(peers.map((peer) => peer.stop()))
    await echo.close()
    await hansa.end()
  })
  // Each test: the node is the same process, its log has no failure, and the other's calls have gone on.
  let callsBefore = 0
  beforeEach(() => (callsBefore = others.calls))
  afterEach(async () => {
    await until('a call of somebody else passes', () => others.calls > callsBefore)
    assert.deepEqual(others.failures, [])
    assert.equal(hub.child.exitCode, null)
    assert.deepEqual(
      documents(hub.stderr()).filter(({ level }) => level === 'error' || level === 'fatal'),
      []
    )
  })

  async function callAllTheTime(): Promise<void> {
    while (!others.stop) {
      const response = await post(message('all the time')).catch((error: unknown) => error)
      const body = response instanceof Response ? await response.text() : String(response)
      if (body.includes('all the time') && body.includes('"result"')) others.calls++
      else others.failures.push(body)
      await sleep(30)
    }
  }

  function post(body: string): Promise<Response> {
    const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
    return fetch(`${hub.run.ingress}/agents/${ECHO}/jsonrpc`, { method: 'POST', headers, body })
  }

  function message(text: string): string {
    const params = { message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text }] } }
    return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params })
  }

  async function stranger(seed: Uint8Array = randomBytes(32)): Promise<RawPeer> {
    const peer = await RawPeer.dial(hub.address, seed, swarmKey)
    peers.push(peer)
    return peer
  }

  function refused(trailer: CallTrailer | undefined, code: string, what: RegExp): void {
    assert.equal(trailer?.error?.code, code, trailer?.error?.message ?? 'no error')
    assert.match(trailer.error.message, what)
    assert.equal(trailer.error.metadata['at'], hub.run.spiffeId)
  }

  it('garbage on the swarm port is cut off', async () => {
    const [, port = ''] = /\/tcp\/(\d+)/.exec(hub.address) ?? []
    for (const bytes of [randomBytes(100_000), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')]) {
      const socket = connect(Number(port), '127.0.0.1')
      const gone = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => undefined)
      socket.write(bytes)
      // What is not whole yet is waited for; the end says that no more comes.
      socket.end()
      socket.resume()
      await gone
    }
  })

  it('an unknown version of the protocol is not spoken', async () => {
    await assert.rejects((await stranger()).send(new Uint8Array(), '/hansa/rpc/9.0.0'), { name: 'UnsupportedProtocolError' })
  })

  it('a frame over the bound: FRAME_TOO_LARGE with the bound', async () => {
    const trailer = await (await stranger()).send(Uint8Array.of(HELLO, 0xff, 0xff, 0xff, 1, 2, 3))
    refused(trailer, 'FRAME_TOO_LARGE', /16777219 bytes; the bound is 65536/)
    assert.equal(trailer?.error?.metadata['bound'], '65536')
  })

  it('a frame that is none: MALFORMED', async () => {
    refused(await (await stranger()).send(Uint8Array.of(99, 0, 0, 0)), 'MALFORMED', /unknown type 99/)
  })

  it('an unknown version in the hello: PROTOCOL_VERSION with both', async () => {
    const trailer = await (await stranger()).send(hello([], 99))
    refused(trailer, 'PROTOCOL_VERSION', /speaks version 99, we speak 1/)
  })

  it('no certificate: UNAUTHENTICATED', async () => {
    refused(await (await stranger()).call([], methods.discover.id, DISCOVER), 'UNAUTHENTICATED', /shows no certificate/)
  })

  it("the chain of somebody else: the key that the transport proved is not the certificate's", async () => {
    const trailer = await (await stranger()).call(member.chain, methods.discover.id, DISCOVER)
    refused(trailer, 'CERTIFICATE_INVALID', /key/)
  })

  it('control: the same chain with its own key is served', async () => {
    const trailer = await (await stranger(member.seed)).call(member.chain, methods.discover.id, DISCOVER)
    assert.equal(trailer?.error, undefined, trailer?.error?.message)
    assert.ok(trailer !== undefined)
  })

  it('a certificate of a domain that is not listed: UNKNOWN_DOMAIN names its root', async () => {
    const domain = await testDomain('elsewhere.example', Date.now())
    const node = await domain.leaf({ name: 'a' })
    const trailer = await (await stranger(node.seed)).call(node.chain, methods.discover.id, DISCOVER)
    refused(trailer, 'UNKNOWN_DOMAIN', new RegExp(fingerprint(domain.root)))
  })

  it('a certificate of this domain by the authority of another: refused', async () => {
    const forger = await testDomain('north.example', Date.now())
    const node = await forger.leaf({ name: 'member' })
    const trailer = await (await stranger(node.seed)).call(node.chain, methods.discover.id, DISCOVER)
    refused(trailer, 'UNKNOWN_DOMAIN', new RegExp(fingerprint(forger.root)))
  })

  it('a record with a wrong signature: SIGNATURE_INVALID', async () => {
    const signer = createSigner(member.seed)
    const description = sealRecord(
      AgentDescriptionSchema,
      { spiffeId: 'spiffe://north.example/agent/member', name: 'Member', capabilities: ['test/echo'], peerId: signer.peer, revision: BigInt(Date.now()) },
      (data) => signer.sign(data).map((byte, index) => (index === 10 ? byte ^ 1 : byte)),
      member.chain
    )
    const register = toBinary(RegisterRequestSchema, create(RegisterRequestSchema, { description }))
    refused(await (await stranger(member.seed)).call(member.chain, methods.register.id, register), 'SIGNATURE_INVALID', /signature/)
    assert.equal(
      (await hub.admin.call('agents', {})).agents.some(({ handle }) => handle === 'member@north.example'),
      false
    )
  })

  it('a request that is no protobuf: MALFORMED; a method that is none: METHOD_NOT_FOUND', async () => {
    const peer = await stranger(member.seed)
    refused(await peer.call(member.chain, methods.discover.id, new Uint8Array(50).fill(0xff)), 'MALFORMED', /DiscoverRequest/)
    refused(await peer.call(member.chain, 'ars.conquer/1', new Uint8Array()), 'METHOD_NOT_FOUND', /ars\.conquer\/1/)
  })

  it('malformed JSON-RPC: the codes of the specification', async () => {
    const cases: [string, number][] = [
      ['{"jsonrpc":"2.0","id":1,', -32700],
      ['[1,2,3]', -32600],
      ['{"jsonrpc":"1.0","id":1,"method":"SendMessage"}', -32600],
      ['{"jsonrpc":"2.0","id":1,"method":"Conquer","params":{}}', -32601],
      ['{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":7}}', -32602]
    ]
    for (const [body, code] of cases) {
      const { error } = (await (await post(body)).json()) as { error?: { code: number; message: string } }
      assert.equal(error?.code, code, body)
      assert.ok(error.message.length > 5)
    }
  })

  it('a body of 17 MiB: 413, FRAME_TOO_LARGE with the bound', async () => {
    // Refused by its length, before it is sent: a client that goes on sending may find the connection closed before it has read why.
    const headers = { 'content-type': 'application/json', 'a2a-version': '1.0', 'content-length': 17 * 1024 * 1024 }
    const sending = request(`${hub.run.ingress}/agents/${ECHO}/jsonrpc`, { method: 'POST', headers })
    sending.on('error', () => undefined).write('{')
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 413)
    const { error } = (await json(response)) as { error: { data: { reason: string; metadata: { bound: string } }[] } }
    sending.destroy()
    assert.deepEqual([error.data[0]?.reason, error.data[0]?.metadata.bound], ['FRAME_TOO_LARGE', String(16 * 1024 * 1024)])
  })

  it('a card that is no card: agent run exits 1 and says what is wrong with it', async () => {
    const home = await hansa.join(hub, ['agent'], 'cardless')
    const cases: [string, RegExp][] = [
      ['this is no JSON', /not JSON/],
      ['{"name":7}', /card was refused: .*AgentCard\.name/]
    ]
    for (const [text, what] of cases) {
      const card = hansa.path('card.json')
      writeFileSync(card, text)
      const { code, stderr, ms } = await hansa.run(['agent', 'run', '--home', home, '--card', card, '--json'])
      assert.equal(code, 1, stderr)
      const { error } = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as { error: { code: string; message: string } }
      assert.equal(error.code, 'INVALID_AGENT_RESPONSE', stderr)
      assert.match(error.message, what)
      assert.ok(ms < 10_000)
    }
  })

  it('a card that is not there: agent run exits 1 and names the file', async () => {
    const home = await hansa.join(hub, ['agent'], 'lost')
    const { code, stderr } = await hansa.run(['agent', 'run', '--home', home, '--card', hansa.path('nowhere.json')])
    assert.equal(code, 1)
    assert.match(stderr, /hansa: the card .*nowhere\.json cannot be read \(NOT_FOUND\)/)
  })

  it('a malformed config: file, line and key', async () => {
    const home = await hansa.init('typo', { domain: 'typo.example' })
    const { config } = homePaths(home)
    writeFileSync(config, `${readFileSync(config, 'utf8')}gatewey:\n  heartbeat: 1s\n`)
    const line = readFileSync(config, 'utf8').split('\n').indexOf('gatewey:') + 1
    const { code, stderr } = await hansa.run(['up', '--home', home])
    assert.equal(code, 1)
    assert.ok(stderr.startsWith(`hansa: ${config}:${line}:1: gatewey: unknown key`), stderr)
    assert.match(stderr, /\(CONFIG_INVALID\)/)
  })

  it('a malformed invite: VOUCHER_INVALID, without showing it; one byte changed in a true one too', async () => {
    const { invite } = await hub.admin.call('invite', { roles: ['agent'], ttlMs: 60_000, uses: 1 })
    const at = Math.floor(invite.length / 2)
    const changed = invite.slice(0, at) + (invite[at] === 'A' ? 'B' : 'A') + invite.slice(at + 1)
    for (const text of ['hansa-invite:AAAA', invite.slice(0, -20), changed]) {
      const { code, stderr } = await hansa.run(['join', '-', '--home', hansa.path('nobody')], { input: text })
      assert.equal(code, 1)
      assert.match(stderr, /\((VOUCHER_INVALID|CERTIFICATE_INVALID|PEER_UNREACHABLE)\)/)
      assert.ok(!stderr.includes(text.slice(13, 40)))
    }
  })
})
