import { createTokenVerifier } from '../../src/adapters/jose/token-verifier.ts'
import { createRpc } from '../../src/adapters/rpc/create-rpc.ts'
import { createVerify, digest, sha256 } from '../../src/adapters/system/crypto.ts'
import type { Role } from '../../src/core/ids/role.ts'
import { type Aca, aca } from '../../src/roles/aca/aca.ts'
import { type AcaConfig, DEFAULT_ACA } from '../../src/roles/aca/config.ts'
import { createAdmission } from '../../src/roles/member/admission.ts'
import { createIdentities } from '../../src/roles/member/identities.ts'
import { createRecords } from '../../src/roles/member/records.ts'
import { member } from '../../src/roles/member/member.ts'
import type { StalePolicy } from '../../src/roles/member/staleness.ts'
import type { TokenVerifier } from '../../src/ports/token-verifier.ts'
import type { Signer } from '../../src/ports/signer.ts'
import { createSigner } from '../../src/adapters/system/crypto.ts'
import { MemoryLog } from './memory/memory-log.ts'
import type { MemorySwarm } from './memory/swarm.ts'
import { MemoryStore } from './memory-store.ts'
import type { TestDomain } from './pki.ts'

let seeds = 100

export interface TrustNodeOptions {
  readonly domain: TestDomain
  readonly name: string
  /** Certificate at the start; none for a newcomer. */
  readonly roles?: readonly Role[]
  readonly bootstrap?: readonly string[]
  readonly crlSources?: ReadonlyMap<string, readonly string[]>
  readonly signer?: Signer
  readonly store?: MemoryStore
  /** Runs the ACA of the domain here. */
  readonly aca?: Partial<AcaConfig>
  /** Keys of OpenID providers and authorities that the ACA knows; none when absent. */
  readonly tokens?: TokenVerifier
  readonly notAfter?: number
  readonly stale?: StalePolicy
  readonly random?: () => number
  /** Roots that the authority here says its domain has; those of the test domain otherwise. */
  readonly authorityRoots?: () => readonly Uint8Array[]
  readonly onRoots?: (roots: readonly Uint8Array[]) => Promise<void>
}

/** A node of the trust plane on the memory swarm: real rpc, identities, member and (when asked for) ACA. */
export async function trustNode(swarm: MemorySwarm, options: TrustNodeOptions) {
  const { domain, name, roles, store = new MemoryStore(), bootstrap = [] } = options
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, ++seeds)
  const signer = options.signer ?? createSigner(seed)
  const verify = createVerify()
  const { clock } = swarm
  const made =
    roles === undefined
      ? undefined
      : await domain.leaf({ name, roles, seed, notBefore: clock.now() - 60_000, ...(options.notAfter === undefined ? {} : { notAfter: options.notAfter }) })
  const { network, pubsub, stop } = swarm.join(signer.peer)
  const log = new MemoryLog()
  const identities = createIdentities({
    domain: domain.domain,
    signer,
    clock,
    verify,
    sha256,
    store,
    chain: made?.chain ?? [],
    roots: roles === undefined ? [] : [domain.root],
    stale: options.stale,
    onRoots: options.onRoots,
    log
  })
  const records = createRecords({ identities, signer, verify })
  const rpc = createRpc({ network, identities, admission: createAdmission(clock), clock, log })
  const chains: (readonly Uint8Array[])[] = []
  const service = member({ domain: domain.domain, bootstrap, crlSources: options.crlSources }).create({
    clock,
    log,
    rpc,
    network,
    pubsub,
    signer,
    identities,
    records,
    sha256,
    random: options.random ?? (() => 0),
    onChain: async (chain) => void chains.push(chain),
    ...(options.aca === undefined ? {} : { roots: options.authorityRoots ?? (() => domain.issuer.roots) })
  })
  let counter = 0
  const authority: Aca | undefined =
    options.aca === undefined
      ? undefined
      : aca({ ...DEFAULT_ACA, ...options.aca }).create({
          clock,
          log,
          rpc,
          pubsub,
          store,
          issuer: domain.issuer,
          verify,
          sha256,
          digest,
          records,
          random: (size) => sha256(new TextEncoder().encode(`${name} ${++counter}`)).subarray(0, size),
          chain: () => identities.chain(),
          onCrl: (list) => void identities.acceptCrl(list),
          tokens: options.tokens ?? createTokenVerifier({ issuers: new Map(), authorities: new Map() }),
          eabKey: (voucherId) => sha256(new TextEncoder().encode(`eab ${voucherId}`))
        })
  await rpc.start()
  await service.start()
  await authority?.start()
  return {
    name,
    seed,
    signer,
    peer: signer.peer,
    address: `/memory/${signer.peer}/p2p/${signer.peer}`,
    network,
    store,
    identities,
    rpc,
    pubsub,
    records,
    log,
    chains,
    member: service,
    aca: authority,
    stop
  }
}

export type TrustNode = Awaited<ReturnType<typeof trustNode>>
