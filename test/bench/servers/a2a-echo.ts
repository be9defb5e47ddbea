import { randomUUID } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { childReady } from '../frame/child-side.ts'

/** An A2A 1.0 agent on nothing but node:http: answers a message with its own text. */
interface Call {
  readonly id: number | string
  readonly params: { readonly message: { readonly parts: readonly { readonly text?: string }[] } }
}

const server = createServer({ noDelay: true }, (request, response) => {
  if (request.method === 'GET') return reply(response, card())
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const { id, params } = JSON.parse(Buffer.concat(pieces).toString()) as Call
    const text = params.message.parts.map((part) => part.text ?? '').join('')
    reply(response, { jsonrpc: '2.0', id, result: { message: { messageId: randomUUID(), role: 'ROLE_AGENT', parts: [{ text }] } } })
  })
})
server.listen(0, '127.0.0.1', () => childReady(origin()))

function origin(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function card(): object {
  return {
    name: 'Echo',
    description: 'Says what it is told',
    version: '1.0.0',
    supportedInterfaces: [{ url: `${origin()}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    capabilities: {},
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [{ id: 'echo', name: 'Echo', description: 'Echoes', tags: ['bench'] }]
  }
}

function reply(response: ServerResponse, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
}
