import { createTokenVerifier } from '../../src/adapters/jose/token-verifier.ts'
import { createSigner, createVerify, digest, sha256 } from '../../src/adapters/system/crypto.ts'
import type { Issued } from '../../src/core/pki/issued.ts'
import { type Book, openBook } from '../../src/roles/aca/book.ts'
import { type AcaConfig, DEFAULT_ACA } from '../../src/roles/aca/config.ts'
import { createIdentities } from '../../src/roles/member/identities.ts'
import { createRecords } from '../../src/roles/member/records.ts'
import { parseCertificate } from '../../src/wire/x509/certificate.ts'
import { hex } from '../../src/core/ids/hex.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryLog } from './memory/memory-log.ts'
import { MemorySwarm } from './memory/swarm.ts'
import { createAdmission } from '../../src/roles/member/admission.ts'
import { createRpc } from '../../src/adapters/rpc/create-rpc.ts'
import { MemoryStore } from './memory-store.ts'
import { testDomain, type TestDomain, type TestNode } from './pki.ts'
import type { CrlResponse } from '../../src/schema/generated/hansa/v1/trust_pb.ts'
import type { Issuer } from '../../src/ports/issuer.ts'

export interface TestBook {
  readonly book: Book
  readonly domain: TestDomain
  readonly clock: FakeClock
  readonly store: MemoryStore
  readonly log: MemoryLog
  /** Lists that the own node was given. */
  readonly lists: CrlResponse[]
  /** Gossip that was sent. */
  readonly gossip: Uint8Array[]
  /** A certificate that the ledger knows. */
  issue(name: string, more?: Partial<Issued>): Promise<{ readonly issued: Issued; readonly node: TestNode }>
}

/** The parts of an ACA over a store in memory, for tests of one of them. */
export async function testBook(
  options: {
    readonly now?: number
    readonly config?: Partial<AcaConfig>
    readonly store?: MemoryStore
    readonly domain?: TestDomain
    readonly issuer?: Partial<Issuer>
  } = {}
): Promise<TestBook> {
  const clock = new FakeClock(options.now)
  const domain = options.domain ?? (await testDomain('north.example', clock.now()))
  const seed = new Uint8Array(32).fill(9)
  const own = await domain.leaf({ name: 'aca1', roles: ['aca'], seed, notBefore: clock.now() - 60_000 })
  const signer = createSigner(seed)
  const verify = createVerify()
  const { store = new MemoryStore() } = options
  const swarm = new MemorySwarm(clock)
  const { network, pubsub } = swarm.join(signer.peer)
  const identities = createIdentities({
    domain: domain.domain,
    signer,
    clock,
    verify,
    sha256,
    store: new MemoryStore(),
    chain: own.chain,
    roots: [domain.root]
  })
  const log = new MemoryLog()
  const lists: CrlResponse[] = []
  const gossip: Uint8Array[] = []
  const book = openBook(
    { ...DEFAULT_ACA, ...options.config },
    {
      clock,
      log,
      rpc: createRpc({ network, identities, admission: createAdmission(clock), clock, log }),
      pubsub: {
        subscribe: (topic, judge, handle) => pubsub.subscribe(topic, judge, handle),
        publish: async (_topic, data) => {
          gossip.push(data)
          return 1
        }
      },
      store,
      issuer: { ...domain.issuer, ...options.issuer },
      verify,
      sha256,
      digest,
      records: createRecords({ identities, signer, verify }),
      random: (size) => new Uint8Array(size),
      chain: () => identities.chain(),
      tokens: createTokenVerifier({ issuers: new Map(), authorities: new Map() }),
      eabKey: (voucherId) => sha256(new TextEncoder().encode(voucherId)),
      onCrl: (list) => void lists.push(list)
    }
  )
  return {
    book,
    domain,
    clock,
    store,
    log,
    lists,
    gossip,
    async issue(name, more = {}) {
      const node = await domain.leaf({ name, notBefore: clock.now() - 60_000, notAfter: clock.now() + 86_400_000 })
      const { serial, notBefore, notAfter, spki } = parseCertificate(node.chain[0] ?? new Uint8Array())
      const issued: Issued = {
        ...{ name, roles: ['agent'], scopes: [], dnsNames: [], serial, spiffeId: node.spiffeId, peer: node.peer, notBefore, notAfter },
        keyId: hex(sha256(spki)),
        issuer: domain.issuer.signers[0]?.id ?? '',
        ...more
      }
      book.ledger.putCertificate(issued)
      await book.ledger.commit()
      return { issued, node }
    }
  }
}
