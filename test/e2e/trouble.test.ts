import assert from 'node:assert/strict'
import { chmodSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { chunk, status, submitted } from '../../src/cli/demo/agents/events.ts'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { homePaths } from '../../src/node/home/home-paths.ts'
import { foundDomains, type Founded } from '../support/domains.ts'
import { type Ended, type Env, HansaProcesses, interconnect, type NodeProcess } from '../support/hansa-process.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

/** A refusal to start is one sentence with its code, one line of advice, and soon. */
function oneSentence({ code, stdout, stderr, ms }: Ended, errorCode: string, sentence: RegExp): void {
  assert.deepEqual([code, stdout], [1, ''], stderr)
  // What the node has logged until then is for its log; the rest is for people.
  const said = stderr.replace(/^[{].*[}]\n/gm, '')
  assert.match(said, new RegExp(`^hansa: [^\\n]+ \\(${errorCode}\\)\\n {2}[^\\n]+\\n$`))
  assert.match(stderr, sentence)
  assert.ok(ms < 8_000, `it took ${Math.round(ms)} ms`)
}

describe('trouble at the start', function () {
  this.timeout(30_000)
  let hansa: HansaProcesses
  let home: string
  let taken: Server
  let port: number

  before(async () => {
    hansa = new HansaProcesses()
    home = await hansa.init('north', { domain: 'north.example' })
    taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    port = (taken.address() as AddressInfo).port
  })
  after(async () => {
    taken.close()
    await hansa.end()
  })

  const ports: [string, string, (port: number) => string][] = [
    ['swarm', 'HANSA_SWARM_LISTEN', (at) => `/ip4/127.0.0.1/tcp/${at}`],
    ['ingress', 'HANSA_GATEWAY_LISTEN', (at) => `127.0.0.1:${at}`],
    ['admin', 'HANSA_ADMIN_LISTEN', (at) => `127.0.0.1:${at}`]
  ]
  for (const [what, setting, value] of ports)
    it(`the ${what} port is taken: PORT_TAKEN names it`, async () => {
      const env: Env = { [setting]: value(port) }
      oneSentence(await hansa.run(['up', '--home', home], { env }), 'PORT_TAKEN', new RegExp(`\\b${port}\\b`))
    })

  it('the home is used by another process: HOME_LOCKED names its pid, and that process goes on', async () => {
    const first = await hansa.node(home)
    oneSentence(await hansa.run(['up', '--home', home]), 'HOME_LOCKED', new RegExp(`pid ${first.pid}\\b`))
    assert.equal((await first.admin.call('status', {})).state, 'running')
    await hansa.kill(first)
  })

  it('after a kill -9 of its holder the home is free', async () => {
    const again = await hansa.node(home)
    const { code } = await hansa.kill(again, 'SIGTERM')
    assert.equal(code, 0)
  })

  it('the key is missing: KEY_MISSING names the file', async () => {
    const keyless = await hansa.init('keyless', { domain: 'keyless.example' })
    rmSync(homePaths(keyless).key)
    oneSentence(await hansa.run(['up', '--home', keyless]), 'KEY_MISSING', /node\.key/)
  })

  it('the key can be read by the group: KEY_EXPOSED names file and mode', async () => {
    const exposed = await hansa.init('exposed', { domain: 'exposed.example' })
    chmodSync(homePaths(exposed).key, 0o640)
    oneSentence(await hansa.run(['up', '--home', exposed]), 'KEY_EXPOSED', /node\.key.*0640/)
  })

  it('with --json the refusal is one JSON line', async () => {
    const { code, stderr } = await hansa.run(['up', '--home', hansa.path('nowhere'), '--json'])
    assert.equal(code, 1)
    assert.equal((JSON.parse(stderr) as { error: { code: string } }).error.code, 'HOME_MISSING')
  })
})

describe('trouble at the end', function () {
  this.timeout(40_000)
  let hansa: HansaProcesses
  let slow: ServedAgent
  let founded: { north: Founded; south: Founded }
  let north: NodeProcess
  let south: NodeProcess

  before(async () => {
    // Heartbeats would need minutes to tell that somebody is gone: what is seen here was said.
    hansa = new HansaProcesses({ HANSA_GATEWAY_HEARTBEAT: '60s' })
    slow = await sdkAgents.of(
      { name: 'Slow', description: 'Streams "milliseconds" of pieces', skills: [{ id: 'test/slow', name: 'Slow', description: 'Slow', tags: [] }] },
      {
        async execute(context, bus) {
          bus.publish(submitted(context))
          for (let piece = 0; piece < 12; piece++) {
            bus.publish(chunk(context, 'slow', `${piece} `, { first: piece === 0, last: piece === 11 }))
            await sleep(150)
          }
          bus.publish(status(context, 'TASK_STATE_COMPLETED'))
          bus.finished()
        },
        async cancelTask() {
          // Nobody cancels it here.
        }
      }
    )
    const [n, s] = await foundDomains(hansa, 'north.example', 'south.example')
    assert.ok(n !== undefined && s !== undefined)
    founded = { north: n, south: s }
    ;[north, south] = await Promise.all([hansa.node(n.home, ['up'], n.trust), hansa.node(s.home, ['up'], s.trust)])
    await interconnect(north, south)
    await hansa.agent(await hansa.join(south, ['agent'], 'slow'), slow.card)
    await until('a route', async () => (await north.admin.call('routes', {})).routes.some(({ applicable }) => applicable))
  })
  after(async () => {
    await slow.close()
    await hansa.end()
  })

  it('SIGTERM lets an open stream finish, tells the neighbour at once that it restarts, and exits 0', async () => {
    const call = hansa.start(['call', '--home', north.home, 'slow@south.example', 'go', '--stream', '--json'])
    await until('the stream has begun', () => call.stdout().includes('"0 "'))
    const asked = performance.now()
    const ended = hansa.kill(south, 'SIGTERM')
    await until('restarting at north', async () => (await north.admin.call('neighbors', {})).neighbors[0]?.status === 'restarting', 1_500)
    const told = performance.now() - asked
    const stream = await call.ended
    assert.equal(stream.code, 0, stream.stderr)
    for (let piece = 0; piece < 12; piece++) assert.ok(stream.stdout.includes(`"${piece} "`), `piece ${piece} is missing`)
    assert.match(stream.stdout, /TASK_STATE_COMPLETED/)
    const { code, ms } = await ended
    assert.equal(code, 0)
    assert.ok(told < 1_500 && ms > 0)
    const { neighbors } = await north.admin.call('neighbors', {})
    assert.equal(neighbors[0]?.status, 'restarting', 'what redials it does not take it for being back while it drains')
    assert.ok(performance.now() - asked < 8_000)
  })

  it('a second SIGTERM exits at once', async () => {
    south = await hansa.node(founded.south.home, ['up'], { ...founded.south.trust, ...south.samePorts })
    await until('the agent is back', async () => (await south.admin.call('status', {})).attachedAgents === 1, 15_000)
    await until('a route again', async () => (await north.admin.call('routes', {})).routes.some(({ applicable }) => applicable), 15_000)
    const call = hansa.start(['call', '--home', north.home, 'slow@south.example', 'go', '--stream', '--json'])
    await until('the stream has begun', () => call.stdout().includes('"0 "'))
    south.child.kill('SIGTERM')
    await sleep(100)
    assert.equal(south.child.exitCode, null, 'it drains')
    const asked = performance.now()
    const { code } = await hansa.kill(south, 'SIGTERM')
    assert.equal(code, 130)
    assert.ok(performance.now() - asked < 1_000)
    const { code: callCode, stderr } = await call.ended
    assert.equal(callCode, 1)
    assert.match(stderr, /"code":"(CONNECTION_LOST|NO_ROUTE|AGENT_UNREACHABLE)"/)
  })

  it('a call that does not end is cut after the drain time', async () => {
    const waiter = await sdkAgents.waiter()
    try {
      const home = await hansa.join(north, ['agent'], 'waiter')
      await hansa.agent(home, waiter.card)
      const call = hansa.start(['call', '--home', north.home, 'waiter@north.example', 'go', '--stream', '--json'])
      await until('the stream has begun', () => call.stdout().includes('WORKING'))
      const asked = performance.now()
      const { code } = await hansa.kill(north, 'SIGTERM')
      assert.equal(code, 0)
      assert.ok(performance.now() - asked < 9_000, `it took ${Math.round(performance.now() - asked)} ms`)
      assert.equal((await call.ended).code, 1)
    } finally {
      await waiter.close()
    }
  })
})
