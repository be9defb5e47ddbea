import { randomBytes } from 'node:crypto'
import { createSwarmNode } from '../../../src/adapters/libp2p/swarm-node.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Dht, RecordRules } from '../../../src/ports/dht.ts'
import type { Network } from '../../../src/ports/network.ts'
import type { PubSub } from '../../../src/ports/pubsub.ts'
import { FakeClock } from '../fake-clock.ts'
import { MemoryLog } from './memory-log.ts'
import { MemorySwarm } from './swarm.ts'

export interface TestNode {
  readonly peer: string
  readonly network: Network
  readonly pubsub: PubSub
  readonly dht: Dht
  stop(): Promise<void>
}

export interface NodeOptions {
  readonly dht?: 'server' | 'client'
  readonly recordRules?: Readonly<Record<string, RecordRules>>
  readonly seed?: boolean
}

/** A transport under a contract suite: the suite says what must hold, for the memory network and libp2p alike. */
export interface Transport {
  readonly clock: Clock
  join(options?: NodeOptions): Promise<TestNode>
  /** Waits (in the transport's own time) until `done`; throws after some seconds. */
  until(done: () => boolean | Promise<boolean>): Promise<void>
  /** Lets this much of the transport's time pass. */
  pass(ms: number): Promise<void>
  stop(): Promise<void>
}

export const transports: readonly { readonly name: string; readonly make: () => Transport }[] = [
  { name: 'memory', make: memoryTransport },
  { name: 'libp2p', make: libp2pTransport }
]

function memoryTransport(): Transport {
  const clock = new FakeClock()
  const swarm = new MemorySwarm(clock)
  let count = 0
  return {
    clock,
    join: async (options = {}) => {
      const node = swarm.join(`peer-${++count}`, options)
      return { peer: node.peer, network: node.network, pubsub: node.pubsub, dht: node.dht, stop: async () => node.stop() }
    },
    until: async (done) => {
      for (let waited = 0; !(await done()); waited += 10) {
        if (waited > 60_000) throw new Error('not so after 60 s of fake time')
        await clock.advance(10)
      }
    },
    pass: (ms) => clock.advance(ms),
    stop: async () => {}
  }
}

function libp2pTransport(): Transport {
  const nodes: TestNode[] = []
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  return {
    clock: systemClock,
    join: async (options = {}) => {
      const node = await createSwarmNode({
        privateKey: randomBytes(32),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        dht: options.dht ?? 'server',
        recordRules: options.recordRules ?? {},
        allowQueryWithZeroPeers: options.seed ?? false,
        log: new MemoryLog()
      })
      await node.start()
      nodes.push(node)
      return node
    },
    until: async (done) => {
      for (const end = Date.now() + 8_000; !(await done());) {
        if (Date.now() > end) throw new Error('not so after 8 s')
        await sleep(20)
      }
    },
    pass: sleep,
    stop: async () => {
      await Promise.all(nodes.splice(0).map((node) => node.stop()))
    }
  }
}
