import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { create } from '@bufbuild/protobuf'
import { createAgentClient } from '../../../src/node/agent-clients.ts'
import type { AgentClient } from '../../../src/ports/agent-client.ts'
import { SendMessageRequestSchema } from '../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'
import { operations } from '../../../src/wire/operations.ts'
import { echo } from '../../fixtures/agents/echo.ts'
import { cardOf, serveGrpc } from '../../support/sdk-servers.ts'
import { replyOf } from '../http/fake-door.ts'

describe('clients of agents', () => {
  it('are closed one by one: several nodes may live in one process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hansa-clients-'))
    const served = await serveGrpc(echo)
    try {
      const card = join(folder, 'card.json')
      await writeFile(card, JSON.stringify(cardOf(served.url, 'GRPC')))
      const one = await createAgentClient(pathToFileURL(card).href)
      const other = await createAgentClient(pathToFileURL(card).href)
      assert.match(await ask(one), /to one/)
      await one.close?.()
      assert.match(await ask(other), /to one/)
      await assert.rejects(ask(one), { code: 'AGENT_UNREACHABLE' })
      await other.close?.()
    } finally {
      await served.close()
      await rm(folder, { recursive: true })
    }
  })
})

async function ask(client: AgentClient): Promise<string> {
  const request = create(SendMessageRequestSchema, { message: { ...replyOf('to one'), messageId: crypto.randomUUID() } })
  const options = { signal: AbortSignal.timeout(10_000), extensions: [], principal: 'spiffe://north.example/agw/hub' }
  for await (const answer of client.invoke(operations.SendMessage, request, options)) return JSON.stringify(answer)
  return 'nothing'
}
