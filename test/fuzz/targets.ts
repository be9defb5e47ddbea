import assert from 'node:assert/strict'
import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf'
import { createVerify } from '../../src/adapters/system/crypto.ts'
import { HansaError } from '../../src/schema/errors.ts'
import { CallOpenSchema, HelloSchema, SignedRecordSchema } from '../../src/schema/generated/hansa/v1/call_pb.ts'
import { AgentRecordSchema, DiscoverResponseSchema } from '../../src/schema/generated/hansa/v1/directory_pb.ts'
import { parseCard } from '../../src/wire/binding/agent-card.ts'
import { GRPC_BINDINGS } from '../../src/wire/binding/a2a-grpc.ts'
import { requestFromJson, responseFromJson } from '../../src/wire/binding/a2a-json.ts'
import { parseAnswer } from '../../src/wire/binding/a2a-jsonrpc-client.ts'
import { parseCall } from '../../src/wire/binding/a2a-jsonrpc-server.ts'
import { parseRestRequest } from '../../src/wire/binding/a2a-rest-server.ts'
import { createEventParser, renderEvent } from '../../src/wire/binding/server-sent-events.ts'
import { decode } from '../../src/wire/decode.ts'
import { DATA, DATA_LAST, encodeFrame, FrameDecoder, HELLO, OPEN } from '../../src/wire/frames.ts'
import { formatInvite, parseInvite } from '../../src/wire/invite.ts'
import { operations } from '../../src/wire/operations.ts'
import { sealRecord, openRecord } from '../../src/wire/signed-record.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { parseCrl, writeCrl } from '../../src/wire/x509/crl.ts'
import { makeCsr, parseCsr } from '../../src/wire/x509/csr.ts'
import { decodePem, encodePem } from '../../src/wire/x509/pem.ts'
import { ext, key, mint, MINTED_AT, nameOf } from '../support/mint.ts'
import type { Target } from './fuzz.ts'
import { planningTargets } from './planning-targets.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
/** As an address bar or a file would give it: whatever is no UTF-8 becomes a replacement character. */
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const verify = createVerify()
const signer = key(1)
const root = mint({
  subject: 'root',
  issuer: 'root',
  key: signer,
  signedBy: signer,
  extensions: [ext.basic(true, 1), ext.usage(0x06, 1), ext.constraints('a.example')]
})
const leaf = mint({
  subject: 'leaf',
  issuer: 'root',
  key: key(2),
  signedBy: signer,
  extensions: [ext.basic(false), ext.usage(0x80, 7), ext.uris('spiffe://a.example/agent/flight'), ext.roles('agent'), ext.unknown(false)]
})

const agent = create(AgentRecordSchema, {
  resourceId: 'urn:air:a.example:agent:flight',
  handle: 'flight@a.example',
  domain: 'a.example',
  name: 'flight',
  capabilities: ['travel/flight', 'travel'],
  languages: ['en', 'sv'],
  sequence: 7n
})
const record = sealRecord(AgentRecordSchema, agent, (data) => signer.sign(data), [leaf, root])
const recordBytes = toBinary(SignedRecordSchema, record)

const frames = [
  encodeFrame({ type: HELLO, payload: toBinary(HelloSchema, create(HelloSchema, { version: 1, chain: [leaf, root] })) }),
  encodeFrame({ type: OPEN, payload: toBinary(CallOpenSchema, create(CallOpenSchema, { method: 'ars.discover/1', deadlineMs: 10_000 })) }),
  encodeFrame({ type: DATA, payload: new Uint8Array(300) }),
  encodeFrame({ type: DATA_LAST, payload: Uint8Array.of(1, 2, 3) })
]

const message: JsonObject = {
  messageId: 'm',
  role: 'ROLE_USER',
  parts: [{ text: 'hello' }, { data: { deep: [1, { a: null }] } }, { raw: 'AAEC', filename: 'a.bin' }]
}
const message03 = {
  kind: 'message',
  messageId: 'm',
  role: 'user',
  parts: [
    { kind: 'text', text: 'x' },
    { kind: 'file', file: { bytes: 'AAEC', mimeType: 'a/b', name: 'f' } },
    { kind: 'data', data: { a: [1] }, metadata: { b: null } }
  ]
}
const answers = [
  { jsonrpc: '2.0', id: 1, result: { message: { ...message, role: 'ROLE_AGENT' } } },
  { jsonrpc: '2.0', id: 1, result: { task: { id: 't', contextId: 'c', status: { state: 'TASK_STATE_WORKING', timestamp: '2026-01-01T00:00:00Z' } } } }
].map((answer) => JSON.stringify(answer))

const invite = {
  domain: 'a.example',
  swarmKey: `/key/swarm/psk/1.0.0/\n/base16/\n${'ab'.repeat(32)}\n`,
  bootstrap: ['/ip4/127.0.0.1/tcp/4001'],
  rootSha256: new Uint8Array(32).fill(1),
  roots: [root],
  roles: ['agent'],
  name: 'flight',
  voucher: 'v'.repeat(43),
  expiresAt: BigInt(MINTED_AT)
}

/** Every reader at the door, with inputs that it must accept. */
export const TARGETS: readonly Target[] = [
  {
    name: 'frames',
    corpus: [...frames, new Uint8Array(Buffer.concat(frames))],
    read(input) {
      const decoder = new FrameDecoder()
      let payloads = 0
      // In pieces of a length that the input chooses, as a network would.
      const step = 1 + (input[0] ?? 0)
      for (let at = 0; at < input.length; at += step) decoder.push(input.subarray(at, at + step), ({ payload }) => (payloads += payload.length))
      assert.ok(payloads + decoder.buffered <= input.length, 'more came out than went in')
    }
  },
  {
    name: 'records',
    corpus: [recordBytes],
    read(input) {
      const read = decode(SignedRecordSchema, input)
      // Behind the signature too: a member of the swarm can sign what it likes.
      const content = openRecord(AgentRecordSchema, read, signer.publicKey, () => true)
      try {
        assert.deepEqual(openRecord(AgentRecordSchema, read, signer.publicKey, verify), agent, 'a changed record with a good signature')
      } catch (error) {
        if (!(error instanceof HansaError && error.code === 'SIGNATURE_INVALID')) throw error
        assert.notDeepEqual(input, recordBytes, 'the signature of an unchanged record is refused')
      }
      toBinary(AgentRecordSchema, content)
    }
  },
  {
    name: 'messages',
    corpus: [
      toBinary(DiscoverResponseSchema, create(DiscoverResponseSchema, { hits: [{ record, score: 0.5 }, { record }], asked: [{ domain: 'a.example' }] }))
    ],
    read: (input) => void fromBinary(DiscoverResponseSchema, toBinary(DiscoverResponseSchema, decode(DiscoverResponseSchema, input)))
  },
  {
    name: 'invites',
    corpus: [bytesOf(formatInvite(invite)), bytesOf(formatInvite({ ...invite, voucher: '', roles: [] }))],
    read: (input) => void parseInvite(textOf(input))
  },
  {
    name: 'invite contents',
    corpus: [new Uint8Array(Buffer.from(formatInvite(invite).slice('hansa-invite:'.length), 'base64url'))],
    read: (input) => void parseInvite(`hansa-invite:${Buffer.from(input).toString('base64url')}`)
  },
  { name: 'certificates', corpus: [root, leaf], read: (input) => void parseCertificate(input) },
  {
    name: 'revocation lists',
    corpus: [0, 3].map((count) =>
      writeCrl(
        {
          issuer: nameOf('ca'),
          issuerKeyIdentifier: 'abcd',
          number: 7,
          thisUpdate: MINTED_AT,
          nextUpdate: MINTED_AT + 86_400_000,
          revoked: Array.from({ length: count }, (_, index) => ({ serial: `0${index + 1}`, at: MINTED_AT, reason: 'keyCompromise' as const }))
        },
        (tbs) => signer.sign(tbs)
      )
    ),
    read: (input) => void parseCrl(input)
  },
  { name: 'applications', corpus: [makeCsr(signer)], read: (input) => void parseCsr(input) },
  {
    name: 'pem',
    corpus: [bytesOf(encodePem('CERTIFICATE', leaf) + encodePem('CERTIFICATE', root))],
    read: (input) => void decodePem('CERTIFICATE', textOf(input))
  },
  {
    name: 'json-rpc calls',
    corpus: ['SendMessage', 'SendStreamingMessage'].map((method) => bytesOf(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { message } }))),
    // It never throws: what is wrong is an answer.
    read(input) {
      const call = parseCall(input)
      if (!call.ok) throw call.error
    }
  },
  {
    name: 'json-rpc calls of 0.3',
    corpus: [
      { method: 'message/send', params: { message: message03, configuration: { blocking: true, pushNotificationConfig: { url: 'http://x' } } } },
      { method: 'tasks/pushNotificationConfig/get', params: { id: 't', pushNotificationConfigId: 'p' } }
    ].map((call) => bytesOf(JSON.stringify({ jsonrpc: '2.0', id: 1, ...call }))),
    read(input) {
      const call = parseCall(input, '0.3')
      if (!call.ok) throw call.error
    }
  },
  {
    name: 'json-rpc answers of 0.3',
    corpus: [
      message03,
      { kind: 'task', id: 't', contextId: 'c', status: { state: 'working', message: message03 }, artifacts: [{ artifactId: 'a', parts: message03.parts }] }
    ].map((result) => bytesOf(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))),
    read: (input) => void parseAnswer(1, operations.SendMessage, textOf(input), '0.3')
  },
  ...(['1.0', '0.3'] as const).flatMap((version): Target[] => {
    const { parseRequest, renderRequest, parseResponse, renderResponse } = GRPC_BINDINGS[version]
    const { SendMessage } = operations
    return [
      {
        name: `grpc calls of ${version}`,
        corpus: [renderRequest(SendMessage, requestFromJson(SendMessage, { message }), 'a@b.example')],
        read: (input) => void parseRequest(SendMessage, input)
      },
      {
        name: `grpc answers of ${version}`,
        corpus: [renderResponse(SendMessage, responseFromJson(SendMessage, { message: { ...message, role: 'ROLE_AGENT' } }))],
        read: (input) => void parseResponse(SendMessage, input)
      }
    ]
  }),
  {
    // Method, path with query, and body, line by line.
    name: 'rest requests',
    corpus: [
      ['POST', '/message:send', JSON.stringify({ message })],
      ['GET', '/tasks?pageSize=5&status=TASK_STATE_WORKING&includeArtifacts=true', ''],
      ['DELETE', '/a@b.example/tasks/a%2Fb/pushNotificationConfigs/c', '']
    ].map((lines) => bytesOf(lines.join('\n'))),
    read(input) {
      const [method = '', target = '', ...body] = textOf(input).split('\n')
      const [path = '', query = ''] = target.split('?')
      const request = { method, path: path.split('/').slice(1), query: new URLSearchParams(query), body: bytesOf(body.join('\n')), handle: 'a@b.example' }
      parseRestRequest({ ...request, version: '1.0' })
    }
  },
  {
    name: 'cards',
    corpus: [
      { name: 'n', supportedInterfaces: [{ url: 'http://x', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }], skills: [{ id: 's' }] },
      {
        name: 'n',
        url: 'http://x',
        additionalInterfaces: [{ url: 'http://y', transport: 'GRPC' }],
        securitySchemes: { k: { type: 'http' } },
        security: [{ k: [] }]
      }
    ].map((card) => bytesOf(JSON.stringify(card))),
    read: (input) => void parseCard(input)
  },
  { name: 'json-rpc answers', corpus: answers.map(bytesOf), read: (input) => void parseAnswer(1, operations.SendMessage, textOf(input)) },
  {
    name: 'events',
    corpus: [bytesOf(answers.map((each) => renderEvent(each)).join('')), bytesOf(': keep-alive\n\nevent: x\r\ndata: a\r\ndata: b\r\n\r\n')],
    read(input) {
      const parser = createEventParser(4096)
      const step = 1 + (input.at(-1) ?? 0)
      let characters = 0
      for (let at = 0; at < input.length; at += step) for (const event of parser.push(input.subarray(at, at + step))) characters += event.length
      assert.ok(characters <= input.length, 'more came out than went in')
    }
  },
  ...planningTargets
]
