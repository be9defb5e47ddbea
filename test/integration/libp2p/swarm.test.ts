import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { createSwarmNode, type SwarmNode, type SwarmOptions } from '../../../src/adapters/libp2p/swarm-node.ts'
import { TOPICS } from '../../../src/wire/topics.ts'
import { MemoryLog } from '../../support/memory/memory-log.ts'

describe('libp2p swarm', function () {
  this.timeout(30_000)
  const nodes: SwarmNode[] = []

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  async function make(options: Partial<SwarmOptions> = {}): Promise<SwarmNode> {
    return createSwarmNode({ privateKey: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0'], dht: 'server', recordRules: {}, log: new MemoryLog(), ...options })
  }

  async function up(options: Partial<SwarmOptions> = {}): Promise<SwarmNode> {
    const node = await make(options)
    await node.start()
    nodes.push(node)
    return node
  }

  it('has the same PeerId for the same key', async () => {
    const privateKey = randomBytes(32)
    assert.equal((await make({ privateKey })).peer, (await make({ privateKey })).peer)
  })

  it('brings a gossip message to 16 nodes behind one address', async () => {
    const received = new Set<number>()
    const hub = await up()
    for (let i = 0; i < 15; i++) {
      const node = await up({ dht: 'client' })
      node.pubsub.subscribe(
        TOPICS.sync,
        () => 'accept',
        (_, from) => from === hub.peer && received.add(i)
      )
      await node.network.dial(hub.network.addresses()[0] ?? '')
    }
    hub.pubsub.subscribe(
      TOPICS.sync,
      () => 'accept',
      () => {}
    )
    const end = Date.now() + 20_000
    while (received.size < 15 && Date.now() < end) {
      await hub.pubsub.publish(TOPICS.sync, randomBytes(100))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.equal(received.size, 15)
    // Once everybody is in, no single message gets lost: scores have had time to fall if they were going to.
    received.clear()
    await hub.pubsub.publish(TOPICS.sync, randomBytes(100))
    for (const late = Date.now() + 5_000; received.size < 15 && Date.now() < late;) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(received.size, 15)
  })

  it('connects over websockets too', async () => {
    const server = await up({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    const client = await up({ listen: [] })
    assert.equal(await client.network.dial(server.network.addresses()[0] ?? ''), server.peer)
  })

  it('lets nodes with the same swarm key in, and nobody else', async () => {
    const swarmKey = randomBytes(32)
    const server = await up({ swarmKey })
    const [address = ''] = server.network.addresses()
    const asFile = Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${swarmKey.toString('hex')}`)
    assert.equal(await (await up({ swarmKey: asFile, listen: [] })).network.dial(address), server.peer)
    await assert.rejects((await up({ swarmKey: randomBytes(32), listen: [] })).network.dial(address), { code: 'PEER_UNREACHABLE', message: /swarm key/ })
    await assert.rejects((await up({ listen: [] })).network.dial(address, AbortSignal.timeout(1_500)), { code: /PEER_UNREACHABLE|DEADLINE_EXCEEDED/ })
    assert.equal(server.network.peers().length, 1)
  })

  it('refuses a key file that is none', async () => {
    await assert.rejects(make({ swarmKey: Buffer.from('not a key') }), { code: 'CONFIG_INVALID' })
  })

  it('says PORT_TAKEN with the address when another process listens there', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const listen = `/ip4/127.0.0.1/tcp/${typeof address === 'object' ? address?.port : ''}`
    try {
      const node = await make({ listen: ['/ip4/127.0.0.1/tcp/0', listen] })
      await assert.rejects(node.start(), { code: 'PORT_TAKEN', metadata: { address: listen } })
    } finally {
      taken.close()
    }
  })

  it('says CONFIG_INVALID for an address that this machine does not have', async () => {
    await assert.rejects((await make({ listen: ['/ip4/192.0.2.1/tcp/0'] })).start(), { code: 'CONFIG_INVALID', message: /192\.0\.2\.1/ })
  })

  it('announces what it is told to announce', async () => {
    const node = await up({ announce: ['/dns4/gw.north.example/tcp/4001'] })
    assert.deepEqual(node.network.addresses(), [`/dns4/gw.north.example/tcp/4001/p2p/${node.peer}`])
  })
})
