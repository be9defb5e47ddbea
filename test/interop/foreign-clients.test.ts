import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { A2AAgent } from '@mastra/core/a2a'
import { a2a } from 'a2a-ai-provider'
import { generateText, streamText } from 'ai'
import { applicable, foundWorld, type World } from '../support/draft-world.ts'
import { bindSdkAgent } from '../support/sdk-bindings.ts'
import { until } from '../support/until.ts'
import { counter } from '../fixtures/agents/counter.ts'
import { echo } from '../fixtures/agents/echo.ts'
import { textOf } from '../../src/cli/demo/agents/events.ts'

const run = promisify(execFile)
const HANDLE = 'all@south.example'

/** Programs that other people wrote, as they are, against an agent of another domain behind two gateways. */
describe('clients that know nothing of Hansa', function () {
  this.timeout(30_000)
  let world: World
  let agent: Awaited<ReturnType<typeof bindSdkAgent>>
  let base: string

  before(async () => {
    agent = await bindSdkAgent('JSONRPC', '1.0', {
      execute: (context, bus) => (/^\d/.test(textOf(context.userMessage)) ? counter : echo).execute(context, bus),
      cancelTask: (taskId, bus) => counter.cancelTask(taskId, bus)
    })
    world = await foundWorld()
    await world.net.agent(world.south, 'all', { card: agent.card, capabilities: ['test/all'] })
    await until('a route', () => applicable(world.northGateway).includes(HANDLE))
    base = `${world.northGateway.ingress() ?? ''}/agents/${HANDLE}`
  })
  after(async () => {
    await world.net.stop()
    await agent.close()
  })

  it("the A2A provider of Vercel's AI SDK, which speaks 0.3: a whole answer and a stream", async () => {
    const model = a2a(`${base}/.well-known/agent.json`)
    const { text } = await generateText({ model, prompt: 'hello from 0.3' })
    assert.equal(text, 'hello from 0.3')
    let streamed = ''
    for await (const piece of streamText({ model, prompt: '3' }).textStream) streamed += piece
    assert.match(streamed.replace(/\s+/g, ' '), /0 1 2/)
  })

  it("Mastra's A2AAgent: a whole answer and a stream", async () => {
    const remote = new A2AAgent({ url: `${base}/.well-known/agent-card.json` })
    assert.equal((await remote.generate('hello from Mastra')).text, 'hello from Mastra')
    const { fullStream } = await remote.stream('3')
    let streamed = ''
    for await (const piece of fullStream) if (piece.type === 'text-delta') streamed += piece.payload.text
    assert.match(streamed.replace(/\s+/g, ' '), /0 1 2/)
  })

  it('curl with plain HTTP+JSON', async () => {
    const body = JSON.stringify({ message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'hello from curl' }] } })
    const headers = ['-H', 'content-type: application/json', '-H', 'a2a-version: 1.0']
    const { stdout: answer } = await run('curl', ['-sS', '--max-time', '10', ...headers, '-d', body, `${base}/rest/message:send`])
    assert.match(answer, /hello from curl/)
  })
})
