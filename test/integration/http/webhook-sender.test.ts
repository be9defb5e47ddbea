import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { allowedAddresses } from '../../../src/adapters/http/allowed-addresses.ts'
import { createWebhookSender } from '../../../src/adapters/http/webhook-sender.ts'

describe('webhooks of clients, posted by a gateway', () => {
  let server: Server
  let url: string
  let heard: { path: string | undefined; body: string; headers: Record<string, unknown> }[]
  let status: number
  const signal = new AbortController().signal

  before(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', () => {
        heard.push({ path: request.url, body, headers: request.headers })
        response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('x'.repeat(100_000))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  })
  beforeEach(() => {
    heard = []
    status = 200
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  const sender = (...allow: string[]) => createWebhookSender({ allow, timeoutMs: 2_000 })

  it('posts what it is given, with its headers, where the operator allows the address', async () => {
    for (const allow of ['127.0.0.1', '127.0.0.0/8']) await sender(allow).post({ url, body: '{"a":1}', headers: { 'x-a2a-notification-token': 't' }, signal })
    assert.equal(heard.length, 2)
    assert.deepEqual([heard[0]?.path, heard[0]?.body, heard[0]?.headers['x-a2a-notification-token']], ['/hook', '{"a":1}', 't'])
  })

  it('refuses private addresses, however they are written, and posts nothing', async () => {
    const port = new URL(url).port
    const tricks = [
      ...[
        url,
        `http://localhost:${port}/`,
        `http://LOCALHOST.:${port}/`,
        `http://[::1]:${port}/`,
        `http://[::ffff:127.0.0.1]:${port}/`,
        `http://2130706433:${port}/`
      ],
      ...[
        `http://0x7f.1:${port}/`,
        `http://0:${port}/`,
        'http://169.254.169.254/latest/meta-data/',
        'http://10.1.2.3/',
        'http://172.31.0.1/',
        'http://192.168.0.1/'
      ],
      ...[
        'http://100.64.0.1/',
        'http://[fd00::1]/',
        'http://[fe80::1]/',
        'http://[64:ff9b::7f00:1]/',
        'http://user:secret@198.51.100.1/',
        'ftp://example.org/',
        'file:///etc/passwd'
      ]
    ]
    for (const trick of tricks) {
      assert.throws(() => sender().check(trick), { code: 'INVALID_ARGUMENT' }, trick)
      await assert.rejects(sender().post({ url: trick, body: '', headers: {}, signal }), { code: 'INVALID_ARGUMENT' }, trick)
    }
    assert.equal(heard.length, 0)
  })

  it('takes public addresses, which need no entry', () => {
    for (const fine of ['https://client.example/hook', 'http://8.8.8.8/', 'https://[2606:4700::1111]:8443/x?y=z']) sender().check(fine)
    assert.equal(allowedAddresses([]).allows('93.184.216.34', 'example.org'), true)
  })

  it('refuses a name that leads to a private address', async () => {
    const named = url.replace('127.0.0.1', 'localhost')
    await assert.rejects(sender().post({ url: named, body: '', headers: {}, signal }), { code: 'INVALID_ARGUMENT' })
    await sender('localhost').post({ url: named, body: '', headers: {}, signal })
    assert.equal(heard.length, 1)
  })

  it('follows no redirect and calls anything but success a failure', async () => {
    for (const answer of [302, 404, 500]) {
      status = answer
      await assert.rejects(sender('127.0.0.1').post({ url, body: '', headers: {}, signal }), { code: 'PEER_UNREACHABLE' })
    }
    assert.deepEqual(
      heard.map(({ path }) => path),
      ['/hook', '/hook', '/hook']
    )
  })

  it('says that nobody answers', async () => {
    await assert.rejects(sender('127.0.0.1').post({ url: 'http://127.0.0.1:1/', body: '', headers: {}, signal }), { code: 'PEER_UNREACHABLE' })
  })
})
