import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import type { Dht, RecordRules } from '../../ports/dht.ts'
import type { Log } from '../../ports/log.ts'
import type { Network } from '../../ports/network.ts'
import type { PubSub } from '../../ports/pubsub.ts'
import { HansaError } from '../../schema/errors.ts'
import { BoundedDatastore } from './bounded-datastore.ts'
import { KadDht } from './dht.ts'
import { startFailure } from './failures.ts'
import { silentLogger } from './logger.ts'
import { Libp2pNetwork } from './network.ts'
import { gossip, GossipPubSub } from './pubsub.ts'
import { yamuxWithQuietUpdates } from './quiet-updates.ts'
import { recordCrypto } from './record-crypto.ts'
import { selectors, storedRecords, validators } from './record-rules.ts'
import { serversOnly } from './servers-only.ts'
import { encrypterInOnePiece, yamuxByTurn } from './turn-writes.ts'

/** A network constant: nodes with another one do not see each other's DHT. */
const DHT_PROTOCOL = '/hansa/kad/1.0.0'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

export interface SwarmOptions {
  /** Ed25519 seed, 32 bytes. */
  readonly privateKey: Uint8Array
  /** Multiaddrs; TCP port 0 means any free one. Empty: dials only. */
  readonly listen: readonly string[]
  /** Multiaddrs told to others in place of the ones listened on. */
  readonly announce?: readonly string[]
  /** Key of a private swarm: 32 bytes, or the text of a swarm.key file (/key/swarm/psk/1.0.0/). Absent: a public swarm. */
  readonly swarmKey?: Uint8Array
  /** Servers hold records for others; clients only ask. */
  readonly dht: 'server' | 'client'
  /** Rules by namespace; values of other namespaces are refused. */
  readonly recordRules: Readonly<Record<string, RecordRules>>
  /** True for a node that others begin at: its DHT queries do not wait for a first peer. */
  readonly allowQueryWithZeroPeers?: boolean
  readonly maxConnections?: number
  readonly log: Log
}

export interface SwarmNode {
  /** Own PeerId. */
  readonly peer: string
  readonly network: Network
  readonly pubsub: PubSub
  readonly dht: Dht
  /** Throws PORT_TAKEN or CONFIG_INVALID. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** A libp2p node as Hansa needs it; not started. The reasons for the settings are traps, measured on libp2p 3.3. Throws CONFIG_INVALID. */
export async function createSwarmNode(options: SwarmOptions): Promise<SwarmNode> {
  const datastore = new BoundedDatastore()
  const stored = storedRecords(datastore)
  const connectionProtector = options.swarmKey === undefined ? undefined : protector(options.swarmKey)
  const node = await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', options.privateKey),
    datastore,
    logger: silentLogger,
    nodeInfo: { name: 'hansa', userAgent: 'hansa' },
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [encrypterInOnePiece(noise({ crypto: recordCrypto }))],
    streamMuxers: [
      yamuxByTurn(
        yamuxWithQuietUpdates(
          yamux({
            maxInboundStreams: 5_000,
            maxOutboundStreams: 5_000,
            // Streams that come before the connection is registered here. libp2p's own 10 cuts off whoever begins with a dozen calls at once.
            maxEarlyStreams: 256,
            // Below libp2p's read buffer of 4 MiB, else a paused fast stream is reset. 1 MiB gives 10 MB/s per stream at 100 ms and bounds what a slow reader holds.
            streamOptions: { maxStreamWindowSize: 1024 * 1024 }
          })
        )
      )
    ],
    connectionProtector,
    connectionManager: {
      maxConnections: options.maxConnections ?? 1_000,
      // Per second and host. libp2p's own 5 cuts off a whole domain behind one address when its gateway restarts.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 100,
      maxParallelDials: 50,
      dialTimeout: 10_000
    },
    // One late ping (a busy event loop, a bulk transfer) would reset the connection with all its calls; heartbeats watch liveness.
    connectionMonitor: { abortConnectionOnPingFailure: false },
    // A holder answers for a name only while it knows its providers' addresses: longer than provider entries live.
    peerStore: { maxAddressAge: 24 * HOUR, maxPeerAge: 7 * 24 * HOUR },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: options.dht === 'client',
        // The default mapper drops private addresses: nothing would be found on a LAN.
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: options.allowQueryWithZeroPeers ?? false,
        alpha: 3,
        disjointPaths: 1,
        querySelfInterval: MINUTE,
        // Queries wait for the first look-up of oneself: soon after the start, so that a node that just joined can ask.
        initialQuerySelfInterval: 250,
        // A hung peer costs 5 s and more with the defaults.
        networkDialTimeout: { minTimeout: 300, maxTimeout: 2_000 },
        pingOldContactTimeout: { minTimeout: 300, maxTimeout: 1_000 },
        pingNewContactTimeout: { minTimeout: 300, maxTimeout: 1_000 },
        maxInboundStreams: 256,
        maxOutboundStreams: 256,
        validators: validators(options.recordRules, stored),
        selectors: selectors(options.recordRules),
        // There is no message to remove an entry: a short life does it.
        reprovide: { validity: 30 * MINUTE, interval: 5 * MINUTE, threshold: 15 * MINUTE, concurrency: 10 }
      }),
      pubsub: gossip()
    }
  })
  const pubsubService: GossipSub = node.services.pubsub
  const pubsub = new GossipPubSub(pubsubService, node.peerId.toString(), options.log)
  serversOnly(node, node.services.dht, DHT_PROTOCOL)
  return {
    peer: node.peerId.toString(),
    network: new Libp2pNetwork(node, options.log),
    pubsub,
    dht: new KadDht(node, node.services.dht, options.recordRules, stored, options.log),
    start: async () => {
      try {
        await node.start()
      } catch (error) {
        await node.stop()
        throw startFailure(error, options.listen)
      }
      pubsub.start()
    },
    stop: async () => {
      pubsub.stop()
      await node.stop()
    }
  }
}

/** A swarm.key file: version, encoding, 32 bytes in hex. */
const SWARM_KEY_FILE = /^\/key\/swarm\/psk\/1\.0\.0\/\s*\n\/base16\/\s*\n([0-9a-fA-F]{64})\s*$/

function protector(key: Uint8Array) {
  const hex = key.length === 32 ? Buffer.from(key).toString('hex') : SWARM_KEY_FILE.exec(Buffer.from(key).toString('latin1'))?.[1]
  if (hex === undefined) throw new HansaError('CONFIG_INVALID', 'swarm.key is not a swarm key (/key/swarm/psk/1.0.0/, /base16/, 64 hex digits)')
  return preSharedKey({ psk: Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${hex}`) })
}
