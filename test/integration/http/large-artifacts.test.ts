import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { create, type Message } from '@bufbuild/protobuf'
import { createJsonRpcTransport } from '../../../src/adapters/http/jsonrpc-transport.ts'
import { createRestTransport } from '../../../src/adapters/http/rest-transport.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { Log } from '../../../src/ports/log.ts'
import { Role, SendMessageRequestSchema, type StreamResponse, StreamResponseSchema } from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../src/wire/operations.ts'
import { type HttpDoor, httpDoor } from '../../support/http-door.ts'
import { FakeDoor } from './fake-door.ts'

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
const self = { spiffeId: 'spiffe://north.example/agw/gw1', domain: 'north.example' }
const MB = 1024 * 1024
const request = create(SendMessageRequestSchema, { message: { messageId: 'm1', role: Role.USER, parts: [{ content: { case: 'text', value: 'more' } }] } })
const options = () => ({ signal: new AbortController().signal, extensions: [], principal: self.spiffeId })

type Kind = 'raw' | 'text'

function piece(kind: Kind, size: number, index: number, last: boolean): Message {
  const mark = 97 + (index % 26)
  const content =
    kind === 'raw'
      ? ({ case: 'raw', value: new Uint8Array(size).fill(mark) } as const)
      : ({ case: 'text', value: String.fromCharCode(mark).repeat(size) } as const)
  return create(StreamResponseSchema, {
    payload: { case: 'artifactUpdate', value: { taskId: 't', append: index > 0, lastChunk: last, artifact: { artifactId: 'a', parts: [{ content }] } } }
  })
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that are held now, and not only waiting to be collected. */
function held(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('an artifact of 100 MB, in pieces', function () {
  this.timeout(60_000)
  let ingress: HttpDoor
  let door: FakeDoor
  let agentAt: string
  beforeEach(async () => {
    door = new FakeDoor()
    ingress = httpDoor({ door, clock: systemClock, log, self: () => self, listen: '127.0.0.1:0', clients: 'loopback', version: '0.1.0', drainMs: 0 })
    agentAt = `${await ingress.start()}/agents/flight@north.example`
  })
  afterEach(() => ingress.stop())

  for (const [binding, path, transport] of [
    ['JSONRPC', '/jsonrpc', createJsonRpcTransport()],
    ['HTTP+JSON', '/rest', createRestTransport()]
  ] as const) {
    for (const version of ['1.0', '0.3'] as const)
      for (const [count, size, kind] of [
        [400, MB / 4, 'raw'],
        [400, MB / 4, 'text'],
        [10, 10 * MB, 'text']
      ] as const) {
        // The same codec writes base64 for both versions.
        if (kind === 'raw' && version === '0.3') continue
        it(`goes through ${binding} ${version} in ${count} of ${size} bytes (${kind}), out of a gateway and into one, without gathering anywhere`, async () => {
          let made = 0
          door.answer = async function* () {
            for (; made < count; made++) {
              await Promise.resolve()
              yield piece(kind, size, made, made === count - 1)
            }
          }
          const before = held()
          let [highest, bytes, ahead, events] = [0, 0, 0, 0]
          const face = { url: new URL(agentAt + path), binding, version, tenant: '' }
          for await (const event of transport.invoke(face, operations.SendStreamingMessage, request, options())) {
            const { payload } = event as StreamResponse
            const content = payload.case === 'artifactUpdate' ? payload.value.artifact?.parts[0]?.content : undefined
            assert.equal(content?.case, kind)
            const value = content?.value as Uint8Array | string
            bytes += value.length
            assert.equal(typeof value === 'string' ? value.charCodeAt(size - 1) : value[size - 1], 97 + (events++ % 26))
            ahead = Math.max(ahead, made - events)
            if (events % 40 === 0 || size > MB) highest = Math.max(highest, held() - before)
          }
          assert.equal(bytes, count * size)
          // Some pieces on their way, as bytes and as text. All of it at once would be more than the 100 MB.
          assert.ok(highest < 80 * MB, `${Math.round(highest / MB)} MB were held`)
          if (size < MB) assert.ok(ahead < 100, `${ahead} pieces were made before they were read`)
        })
      }
  }

  it('is not made faster than it is read, by either binding', async () => {
    for (const [binding, path, transport] of [
      ['JSONRPC', '/jsonrpc', createJsonRpcTransport()],
      ['HTTP+JSON', '/rest', createRestTransport()]
    ] as const) {
      let made = 0
      door.answer = async function* () {
        for (; made < 400; made++) {
          await Promise.resolve()
          yield piece('text', MB / 4, made, false)
        }
      }
      const face = { url: new URL(agentAt + path), binding, version: '1.0', tenant: '' }
      const stream = transport.invoke(face, operations.SendStreamingMessage, request, options())[Symbol.asyncIterator]()
      await stream.next()
      for (let last = -1; last !== made;) {
        last = made
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      assert.ok(made < 100, `${made} pieces of 256 KiB were made for a reader of one on ${binding}`)
      await stream.return?.()
    }
  })
})

describe('an answer of an agent', () => {
  let server: Server
  let length = 0
  beforeEach(async () => {
    server = createServer((incoming, response) => {
      incoming.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(`{"message":{"messageId":"${'x'.repeat(length)}"}}`)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  it('may have 16 MiB on REST, and not more', async () => {
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a2a`)
    const face = { url, binding: 'HTTP+JSON', version: '1.0', tenant: '' }
    const ask = () => createRestTransport().invoke(face, operations.SendMessage, request, options())[Symbol.asyncIterator]().next()
    length = 16 * MB - 100
    assert.equal((await ask()).done, false)
    length = 16 * MB
    await assert.rejects(ask(), { code: 'INVALID_AGENT_RESPONSE' })
  })
})
