import type { Libp2p, PeerId } from '@libp2p/interface'

const WAIT_MS = 1_000
const STEP_MS = 25

interface Bucket {
  verify(contact: { readonly peerId: PeerId }, options?: unknown): Promise<boolean>
}

/**
 * Keeps client-mode peers out of the routing table. kad-dht takes in every contact that answers a ping, also one that does not speak the DHT's protocol, and
 * then fails on it in later queries. `kb` is private in kad-dht: its presence is checked, and a contract test tells when it goes. Call before the first dial.
 */
export function serversOnly(node: Libp2p, dht: object, protocol: string): void {
  const bucket = bucketOf(dht)
  const verify = bucket.verify.bind(bucket)
  const speaks = new Map<string, boolean>()
  node.addEventListener('peer:identify', (event) => speaks.set(event.detail.peerId.toString(), event.detail.protocols.includes(protocol)))
  node.addEventListener('peer:disconnect', (event) => speaks.delete(event.detail.toString()))
  bucket.verify = async (contact, options) => {
    if (!(await verify(contact, options))) return false
    const peer = contact.peerId.toString()
    // Identify runs beside us on a new connection.
    for (let waited = 0; waited < WAIT_MS && !speaks.has(peer); waited += STEP_MS) {
      await new Promise<void>((resolve) => setTimeout(resolve, STEP_MS).unref())
    }
    return speaks.get(peer) === true
  }
}

function bucketOf(dht: object): Bucket {
  const table: unknown = Reflect.get(dht, 'routingTable')
  const bucket: unknown = typeof table === 'object' && table !== null ? Reflect.get(table, 'kb') : undefined
  if (typeof bucket === 'object' && bucket !== null && typeof Reflect.get(bucket, 'verify') === 'function') return bucket as Bucket
  throw new Error('this version of kad-dht has no routingTable.kb.verify')
}
