import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, fromJson, type JsonValue, type Message as AnyMessage } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { loadMapping } from '../../src/node/mapping/mapping-file.ts'
import type { AgentFace, AgentTransport } from '../../src/ports/agent-client.ts'
import { type ErrorCode, HansaError } from '../../src/schema/errors.ts'
import { type Message, MessageSchema, type Part, PartSchema, Role, SendMessageRequestSchema } from '../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import type { Mapping } from '../../src/wire/binding/mapping/mapping.ts'
import { type A2aOperationName, operations } from '../../src/wire/operations.ts'

/** Reads a mapping as an operator's file; gone again afterwards. */
export async function mappingOf(yaml: string, env: Record<string, string> = {}, files: Record<string, string | Uint8Array> = {}): Promise<Mapping> {
  const folder = await mkdtemp(join(tmpdir(), 'hansa-mapping-'))
  try {
    for (const [name, content] of Object.entries({ 'mapping.yaml': yaml, ...files })) await writeFile(join(folder, name), content)
    return await loadMapping(join(folder, 'mapping.yaml'), env)
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function said(text: string, data?: JsonValue, more: { contextId?: string; metadata?: Record<string, string> } = {}): Message {
  const parts: Part[] = []
  if (text !== '') parts.push(create(PartSchema, { content: { case: 'text', value: text } }))
  if (data !== undefined) parts.push(create(PartSchema, { content: { case: 'data', value: fromJson(ValueSchema, data) } }))
  return create(MessageSchema, { messageId: 'm1', role: Role.USER, parts, contextId: 'c1', ...more })
}

export const PRINCIPAL = 'spiffe://south.test/agent/ann'

/** All answers of one operation. */
export async function ask(
  transport: AgentTransport,
  face: AgentFace,
  name: A2aOperationName,
  request: AnyMessage,
  signal = new AbortController().signal
): Promise<AnyMessage[]> {
  const answers: AnyMessage[] = []
  for await (const answer of transport.invoke(face, operations[name], request, { signal, extensions: [], principal: PRINCIPAL })) answers.push(answer)
  return answers
}

export const sending = (message: Message) => create(SendMessageRequestSchema, { message })

/** For assert.throws and assert.rejects: says what came instead. */
export function refusedWith(code: ErrorCode, why: RegExp): (thrown: unknown) => true {
  return (thrown) => {
    assert.ok(thrown instanceof HansaError, String(thrown))
    assert.equal(thrown.code, code, thrown.message)
    assert.match(thrown.message, why)
    return true
  }
}
