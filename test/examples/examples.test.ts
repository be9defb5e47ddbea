import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { joinSwarm } from '../../src/index.ts'
import { applicable, foundWorld, type World } from '../support/draft-world.ts'
import { until } from '../support/until.ts'

/** For the nodes of the examples, each a process of its own. */
const NODE = {
  HANSA_SWARM_LISTEN: '/ip4/127.0.0.1/tcp/0',
  HANSA_GATEWAY_LISTEN: '127.0.0.1:0',
  HANSA_GATEWAY_HEARTBEAT: '200ms',
  HANSA_AGENT_PROBE: '200ms',
  HANSA_LOG_LEVEL: 'silent'
}
const PATIENCE_MS = 120_000

/** Programs that a newcomer would copy, as they stand, against two domains. */
describe('the examples', function () {
  this.timeout(400_000)
  let world: World
  const running: ChildProcess[] = []

  before(async () => {
    world = await foundWorld({ env: { HANSA_LIMITS_DISCOVERY: '100000/min' } })
  })
  after(async () => {
    for (const child of running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    await world.net.stop()
  })

  function run(file: string, home: string): { readonly said: () => string; readonly ended: Promise<number | null> } {
    const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, file), home]
    const child = spawn(process.execPath, args, { env: { ...process.env, ...NODE }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.push(child)
    let said = ''
    child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
    return { said: () => said, ended: once(child, 'exit').then(([code]) => code as number | null) }
  }

  it('put agents on one domain and ask them from another', async () => {
    const { net, north, south, southGateway } = world
    const hello = run('hello-agent.ts', await net.enrol(north, 'hello', ['agent']))
    const flights = run('facts-agent.ts', await net.enrol(north, 'flights', ['agent']))
    await until('hello is online', () => hello.said() === 'online: hello@north.example\n', PATIENCE_MS)
    await until('flights are online', () => flights.said() === 'online: flights@north.example\n', PATIENCE_MS)
    await until('the other domain knows them', () => applicable(southGateway).length === 2, PATIENCE_MS)

    const ask = run('ask-agent.ts', await net.enrol(south, 'asker', ['agent']))
    const code = await ask.ended
    assert.equal(
      ask.said(),
      [
        'found: hello@north.example',
        'called: Hello, world! (3 hops)',
        'streamed: Hello, stream!',
        'asked: Window or aisle? (state 6)',
        'booked: A seat (window) to Oslo is booked. {"flight-confirmation":"HA-OSLO-7","seat":"window"}',
        'refused: AGENT_NOT_FOUND (See what there is: hansa find.)',
        'stopped: CANCELED',
        ''
      ].join('\n')
    )
    assert.equal(code, 0)
  })

  it('plan and do a task across domains, with a question on the way, and say what a plan lacks', async () => {
    const { net, south } = world
    const trip = run('trip-task.ts', await net.enrol(south, 'traveller', ['agent']))
    const code = await trip.ended
    assert.match(
      trip.said(),
      /^asked by flights@north\.example\nresults: \{"flight-confirmation":"HA-OSLO-7"\}\nHansaError: no plan for visa-number: .*no agent puts it out.*\n$/
    )
    assert.equal(code, 0)
  })

  it('need no global state: two swarms in one process, each itself', async () => {
    const { net, north, south } = world
    const homes = [await net.enrol(north, 'one', ['agent']), await net.enrol(south, 'two', ['agent'])]
    const before = { ...process.env }
    Object.assign(process.env, NODE)
    try {
      const [home1 = '', home2 = ''] = homes
      await using one = await joinSwarm({ home: home1 })
      await using two = await joinSwarm({ home: home2 })
      const asked = async (swarm: typeof one): Promise<string> =>
        (await until('it answers', () => swarm.call('hello@north.example', 'you').catch(() => false as const), PATIENCE_MS)).text
      assert.deepEqual(await Promise.all([asked(one), asked(two)]), ['Hello, you!', 'Hello, you!'])
      await one.stop()
      assert.equal(await asked(two), 'Hello, you!')
    } finally {
      for (const name of Object.keys(NODE)) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
  })
})
