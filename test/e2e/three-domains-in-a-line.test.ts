import assert from 'node:assert/strict'
import type { ServedAgent } from '../../src/cli/demo/agents/serve-agent.ts'
import { foundDomains, type Founded } from '../support/domains.ts'
import { HansaProcesses, type NodeProcess } from '../support/hansa-process.ts'
import { sdkAgents } from '../support/sdk-agent.ts'
import { until } from '../support/until.ts'

const SOUTH_ECHO = 'echo@south.example'
const MIDDLE_ECHO = 'echo@middle.example'
const NORTH_GW = 'spiffe://north.example/aca/hub'
const MIDDLE_GW = 'spiffe://middle.example/aca/hub'
const SOUTH_GW = 'spiffe://south.example/aca/hub'

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly metadata: Record<string, string> }
}

/** north - middle - south: all list each other, only neighbours are connected. */
describe('three domains in a line', function () {
  this.timeout(40_000)
  this.bail(true)
  let hansa: HansaProcesses
  let echo: ServedAgent
  let founded: { north: Founded; middle: Founded; south: Founded }
  let north: NodeProcess
  let middle: NodeProcess
  let south: NodeProcess

  before(async () => {
    hansa = new HansaProcesses()
    echo = await sdkAgents.echo()
    const [n, m, s] = await foundDomains(hansa, 'north.example', 'middle.example', 'south.example')
    assert.ok(n !== undefined && m !== undefined && s !== undefined)
    founded = { north: n, middle: m, south: s }
    ;[north, middle, south] = await Promise.all([up(n), up(m), up(s)])
    await hansa.text('gw', 'connect', '--home', north.home, middle.address)
    await hansa.text('gw', 'connect', '--home', south.home, middle.address)
    const [southEcho, middleEcho] = await Promise.all([hansa.join(south, ['agent'], 'echo'), hansa.join(middle, ['agent'], 'echo')])
    await Promise.all([hansa.agent(southEcho, echo.card), hansa.agent(middleEcho, echo.card)])
  })
  after(async () => {
    await echo.close()
    await hansa.end()
  })

  function up({ home, trust }: Founded, more = {}): Promise<NodeProcess> {
    return hansa.node(home, ['up'], { ...trust, ...more })
  }

  async function neighborsOf(node: NodeProcess): Promise<string[]> {
    const { neighbors } = await node.admin.call('neighbors', {})
    return neighbors.filter(({ status }) => status === 'running').map(({ gateway }) => gateway)
  }

  async function refusal(...args: string[]): Promise<Failure['error']> {
    const { code, stderr } = await hansa.run([...args, '--json'])
    assert.equal(code, 1, 'it went through where it had to fail')
    return (JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as Failure).error
  }

  async function reachable(from: NodeProcess, handle: string): Promise<void> {
    await until(
      `${from.run.spiffeId} has a route to ${handle}`,
      async () => (await from.admin.call('routes', {})).routes.some((route) => route.handle === handle && route.applicable),
      15_000
    )
  }

  it('only neighbours are connected', async () => {
    await until('two neighbours in the middle', async () => (await neighborsOf(middle)).length === 2)
    assert.deepEqual(await neighborsOf(north), [MIDDLE_GW])
    assert.deepEqual(await neighborsOf(south), [MIDDLE_GW])
    assert.deepEqual((await neighborsOf(middle)).sort(), [NORTH_GW, SOUTH_GW])
  })

  it('gw routes shows the next hop', async () => {
    await reachable(north, SOUTH_ECHO)
    const routes = await hansa.text('gw', 'routes', '--home', north.home)
    assert.match(routes, new RegExp(`^${SOUTH_ECHO} +online +yes +${SOUTH_GW} +${MIDDLE_GW} +2 `, 'm'))
    assert.match(routes, new RegExp(`^${MIDDLE_ECHO} +online +yes +${MIDDLE_GW} +${MIDDLE_GW} +1 `, 'm'))
    const [there] = await hansa.json<{ routes: { handle: string; hops: number; nextHop?: string }[] }>('gw', 'routes', '--home', south.home)
    const own = there?.routes.find(({ handle }) => handle === SOUTH_ECHO)
    assert.deepEqual([own?.hops, own?.nextHop], [0, undefined])
  })

  it('a call from one end to the other passes, and says by which gateways', async () => {
    const [answer, end] = await hansa.json<{ text: string; hops: { gateway: string }[] }>('call', '--home', north.home, SOUTH_ECHO, 'across')
    assert.equal(answer?.text, 'across')
    assert.deepEqual(
      end?.hops.slice(0, 3).map(({ gateway }) => gateway),
      [NORTH_GW, MIDDLE_GW, SOUTH_GW]
    )
  })

  it('gw trace prints every hop', async () => {
    const text = await hansa.text('gw', 'trace', '--home', north.home, SOUTH_ECHO)
    const hops = text.trimEnd().split('\n').slice(1, -1)
    assert.deepEqual(
      hops.map((line) => line.split(/ +/).slice(0, 2)),
      [
        ['1', NORTH_GW],
        ['2', MIDDLE_GW],
        ['3', SOUTH_GW],
        ['4', 'spiffe://south.example/agent/echo']
      ]
    )
  })

  it('SIGKILL of the middle gives NO_ROUTE soon', async () => {
    await hansa.kill(middle, 'SIGKILL')
    const killed = performance.now()
    const error = await refusal('call', '--home', north.home, SOUTH_ECHO, 'anybody?', '--timeout', '5s')
    assert.equal(error.code, 'NO_ROUTE', JSON.stringify(error))
    assert.ok(performance.now() - killed < 5_000)
    await until('the routing table of north says so', async () => {
      const { routes } = await north.admin.call('routes', {})
      return routes.every((route) => route.handle !== SOUTH_ECHO || !route.applicable)
    })
    assert.equal((await refusal('gw', 'trace', '--home', north.home, SOUTH_ECHO)).code, 'NO_ROUTE')
    assert.match(await hansa.text('gw', 'neighbors', '--home', north.home), new RegExp(`${MIDDLE_GW} +offline`))
  })

  it('when the middle comes back, by itself, the call passes again', async () => {
    middle = await up(founded.middle, middle.samePorts)
    await Promise.all([reachable(north, SOUTH_ECHO), reachable(north, MIDDLE_ECHO)])
    const [answer] = await hansa.json<{ text: string }>('call', '--home', north.home, SOUTH_ECHO, 'again')
    assert.equal(answer?.text, 'again')
  })

  it('SIGTERM of the middle says "restarting" at once: its agents are held, and come back', async () => {
    const ended = hansa.kill(middle, 'SIGTERM')
    await until('restarting at north', async () => (await north.admin.call('neighbors', {})).neighbors[0]?.status === 'restarting', 3_000)
    assert.equal((await ended).code, 0)
    const held = (await north.admin.call('routes', {})).routes.find(({ handle }) => handle === MIDDLE_ECHO)
    assert.deepEqual([held?.applicable, held?.gateway], [false, MIDDLE_GW], 'its agents are held, not offered')
    middle = await up(founded.middle, middle.samePorts)
    await Promise.all([reachable(north, SOUTH_ECHO), reachable(north, MIDDLE_ECHO)])
    const [answer] = await hansa.json<{ text: string }>('call', '--home', north.home, MIDDLE_ECHO, 'back')
    assert.equal(answer?.text, 'back')
  })
})
