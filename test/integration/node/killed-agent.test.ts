import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { HansaNode } from '../../../src/node/hansa-node.ts'
import { createTestnet, type TestDomain, type Testnet } from '../../../src/node/testnet.ts'
import { replyText } from '../../../src/roles/agent/reply-text.ts'
import { toHansaError } from '../../../src/schema/errors.ts'
import { until } from '../../support/until.ts'

const PROGRAM = resolve(import.meta.dirname, '../../fixtures/agents/noting-agent.ts')
const NODE = {
  HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSA_GATEWAY_LISTEN: '127.0.0.1:0',
  HANSA_GATEWAY_HEARTBEAT: '200ms',
  HANSA_AGENT_PROBE: '200ms',
  HANSA_LOG_LEVEL: 'silent'
}
const PATIENCE_MS = 20_000

describe('an agent whose process is killed with kill -9', function () {
  this.timeout(120_000)
  let net: Testnet
  let domain: TestDomain
  let asker: HansaNode
  let home = ''
  let notes = ''
  let agent: ChildProcess

  before(async () => {
    net = await createTestnet({ env: { HANSA_LIMITS_DISCOVERY: '100000/min' } })
    domain = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    asker = (await net.agent(domain, 'asker', { capabilities: ['test/ask'] })).node
    home = await net.enrol(domain, 'noter', ['agent'])
    notes = join(net.dir, 'notes')
    writeFileSync(notes, '')
    await start()
  })
  after(async () => {
    await kill()
    await net.stop()
  })

  async function start(): Promise<void> {
    agent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, home, notes], {
      env: { ...process.env, ...NODE },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let said = ''
    agent.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()))
    agent.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()))
    await until(`the agent is online: ${said}`, () => said.includes('online noter@north.example'), 3 * PATIENCE_MS)
  }

  async function kill(): Promise<void> {
    if (agent.exitCode !== null || agent.signalCode !== null) return
    const ended = once(agent, 'exit')
    agent.kill('SIGKILL')
    await ended
  }

  /** Asks until the gateway has heard that the agent is there (again). */
  async function send(messageId: string, text: string, signal?: AbortSignal): Promise<string> {
    const message = { messageId, parts: [{ content: { case: 'text' as const, value: text } }] }
    return until(
      'the agent can be reached',
      async () => {
        try {
          return replyText(
            (await asker.swarm.send('noter@north.example', message, { ...(signal === undefined ? {} : { signal }), timeoutMs: PATIENCE_MS })).response
          )
        } catch (thrown) {
          const { code } = toHansaError(thrown)
          if (code === 'AGENT_UNREACHABLE' || code === 'PEER_UNREACHABLE' || code === 'CONNECTION_LOST' || code === 'NO_ROUTE' || code === 'AGENT_NOT_FOUND')
            return false
          return code
        }
      },
      3 * PATIENCE_MS
    )
  }

  const noted = (messageId: string): number =>
    readFileSync(notes, 'utf8')
      .split('\n')
      .filter((line) => line === messageId).length

  it('gives a message that it has answered the same answer again, without working on it', async () => {
    const first = await send('m1', 'quick')
    assert.equal(first, `noted m1 in ${agent.pid}`)
    await kill()
    await start()
    assert.equal(await send('m1', 'quick'), first)
    assert.equal(noted('m1'), 1)
  })

  it('says that the outcome is unknown of one that it was working on, and does not work on it twice', async () => {
    const lost = send('m2', 'wait')
    await until('it is at work', () => noted('m2') === 1, PATIENCE_MS)
    await kill()
    await start()
    // The first caller asked again by itself when the connection was lost.
    assert.deepEqual([await lost, await send('m2', 'wait')], ['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN'])
    assert.equal(noted('m2'), 1)
  })

  it('goes on when only the caller goes away, and answers its second copy', async () => {
    const gone = new AbortController()
    const first = send('m3', 'wait', gone.signal)
    await until('it is at work', () => noted('m3') === 1, PATIENCE_MS)
    gone.abort()
    assert.equal(await first, 'CANCELED')
    const second = send('m3', 'wait')
    writeFileSync(`${notes}.go`, '')
    assert.equal(await second, `noted m3 in ${agent.pid}`)
    assert.equal(noted('m3'), 1)
  })
})
