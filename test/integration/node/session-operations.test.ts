import assert from 'node:assert/strict'
import { nodeOperations } from '../../../src/admin/node/node-operations.ts'
import { createTestnet, type TestAgent, type Testnet } from '../../../src/node/testnet.ts'
import { collect } from '../../support/collect.ts'

describe('sessions in the admin API', function () {
  this.timeout(60_000)

  let net: Testnet
  let anna: TestAgent
  let bob: TestAgent
  const { signal } = new AbortController()
  before(async () => {
    net = await createTestnet()
    const north = await net.domain('north.example', [{ name: 'hub', roles: ['aca', 'ars', 'agw'] }])
    anna = await net.agent(north, 'anna', { capabilities: ['ask'] })
    bob = await net.agent(north, 'bob', { capabilities: ['answer'], handler: (_message, { text }) => `you said ${text}` })
  })
  after(() => net.stop())

  it('a call in a session is listed, shown, verified, exported, compared with the other end, and deleted', async () => {
    const [here, there] = [nodeOperations(anna.node), nodeOperations(bob.node)]
    const request = { agent: bob.handle, text: 'hello', files: [], stream: false, session: 's1' }
    await collect(here.call(request, signal))
    const { sessions } = await here.sessionList({ text: 'hello' }, signal)
    assert.deepEqual(
      sessions.map(({ id, peer, entries, title }) => [id, peer, entries, title]),
      [['s1', bob.handle, 2, 'hello']]
    )
    const { entries } = await here.sessionShow({ id: 's1' }, signal)
    assert.deepEqual(
      entries.map(({ kind, text, sent }) => [kind, text, sent]),
      [
        ['message', 'hello', true],
        ['message', 'you said hello', false]
      ]
    )
    assert.equal((entries[0]?.content as { contextId?: string }).contextId, 's1')
    assert.equal((await here.sessionShow({ id: 's1', limit: '1' }, signal)).entries[0]?.sequence, 2)
    assert.deepEqual((await here.sessionVerify({ id: 's1' }, signal)).ok, true)
    const theirs = (await collect(there.sessionExport({ id: 's1', format: 'jsonl' }, signal))).map(({ line }) => line).join('\n')
    const { same, matched, otherOk } = await here.sessionCompare({ id: 's1', other: theirs }, signal)
    assert.deepEqual([same, matched, otherOk], [true, 2, true])
    const markdown = await collect(here.sessionExport({ id: 's1', format: 'markdown' }, signal))
    assert.ok(markdown.some(({ line }) => line === '> you said hello'))
    await here.sessionDelete({ id: 's1' }, signal)
    await assert.rejects(here.sessionShow({ id: 's1' }, signal), { code: 'NOT_FOUND' })
    // The other party keeps its own.
    assert.equal((await there.sessionList({}, signal)).sessions.length, 1)
  })
})
